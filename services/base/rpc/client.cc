// SPDX-License-Identifier: Apache-2.0
// The client half of security.h.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/support/client_interceptor.h"
#include "services/base/rpc/address.h"
#include "services/base/rpc/limits.h"
#include "services/base/rpc/secrets.h"
#include "services/base/rpc/security.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// Call credentials are refused on plain-text channels; an interceptor is not.
class TokenInterceptor : public Interceptor {
 public:
  explicit TokenInterceptor(const std::string* value) : value_(value) {}
  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->insert({"authorization", *value_});
    }
    methods->Proceed();
  }

 private:
  const std::string* value_;  // owned by the factory, which the channel owns
};

class TokenInterceptorFactory : public ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(const std::string& token)
      : value_(absl::StrCat("Bearer ", token)) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override {
    return new TokenInterceptor(&value_);
  }

 private:
  const std::string value_;
};

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const Secrets& secrets) {
  if (secrets.ca.empty() && secrets.certificate.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = secrets.ca;
  ssl.pem_private_key = secrets.key;
  ssl.pem_cert_chain = secrets.certificate;
  return grpc::SslCredentials(ssl);
}

grpc::ChannelArguments MakeArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs / 10);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  // Coordinator and workers talk inside one network; a web proxy of the environment is never meant.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const SecurityOptions& options,
                                                           const std::string& target) {
  BB_RETURN_IF_ERROR(CheckTarget(target));
  BB_ASSIGN_OR_RETURN(const Secrets secrets, LoadSecrets(options));
  const bool tls = !secrets.ca.empty() || !secrets.certificate.empty();
  if (!tls && !options.insecure && !IsLoopbackTarget(target)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "refusing to talk to '", target,
        "' in plain text: it is beyond loopback; give --tls-ca, or --insecure if the network is "
        "trusted"));
  }
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  if (!secrets.token.empty()) {
    interceptors.push_back(std::make_unique<TokenInterceptorFactory>(secrets.token));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      target, MakeCredentials(secrets), MakeArguments(), std::move(interceptors));
}

}  // namespace basisbench
