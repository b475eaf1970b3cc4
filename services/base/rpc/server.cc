// SPDX-License-Identifier: Apache-2.0
// The server half of security.h.
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/crypto.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "services/base/rpc/address.h"
#include "services/base/rpc/limits.h"
#include "services/base/rpc/secrets.h"
#include "services/base/rpc/security.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

absl::string_view View(const grpc_slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
                           GRPC_SLICE_LENGTH(slice));
}

// The time taken depends on the length of what was presented only, never on where it differs.
bool EqualInConstantTime(absl::string_view presented, absl::string_view expected) {
  return presented.size() == expected.size() &&
         CRYPTO_memcmp(presented.data(), expected.data(), expected.size()) == 0;
}

// grpc_auth_metadata_processor::process; runs on a gRPC thread before the call reaches a service.
void CheckToken(void* state, grpc_auth_context*, const grpc_metadata* metadata, size_t count,
                grpc_process_auth_metadata_done_cb done, void* user_data) {
  const std::string& expected = *static_cast<const std::string*>(state);
  bool present = false;
  bool accepted = false;
  for (size_t i = 0; i < count; ++i) {
    if (View(metadata[i].key) != "authorization") continue;
    present = true;
    accepted = accepted || EqualInConstantTime(View(metadata[i].value), expected);
  }
  const char* error = present ? "the bearer token is not the one this server expects"
                              : "this server requires a bearer token (see --token-file)";
  done(user_data, nullptr, 0, nullptr, 0, accepted ? GRPC_STATUS_OK : GRPC_STATUS_UNAUTHENTICATED,
       accepted ? nullptr : error);
}

// Credentials made through the C interface: the C++ one cannot attach a metadata processor to a
// plain-text port.
class PortCredentials : public grpc::ServerCredentials {
 public:
  PortCredentials(const Secrets& secrets, bool tls) {
    if (tls) {
      grpc_ssl_pem_key_cert_pair pair = {secrets.key.c_str(), secrets.certificate.c_str()};
      const bool mutual = !secrets.ca.empty();
      credentials_ = grpc_ssl_server_credentials_create_ex(
          mutual ? secrets.ca.c_str() : nullptr, &pair, 1,
          mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                 : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
          nullptr);
    } else {
      credentials_ = grpc_insecure_server_credentials_create();
    }
    if (secrets.token.empty()) return;
    grpc_auth_metadata_processor processor;
    processor.process = CheckToken;
    processor.destroy = [](void* state) { delete static_cast<std::string*>(state); };
    processor.state = new std::string(absl::StrCat("Bearer ", secrets.token));
    grpc_server_credentials_set_auth_metadata_processor(credentials_, processor);
  }
  ~PortCredentials() override { grpc_server_credentials_release(credentials_); }

  // Never called: the token check is installed by the constructor.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* credentials_ = nullptr;
};

// Clients that ask reflection for every service give up on the whole server when one cannot be
// described; naming the message here links its descriptor into the program.
void LinkHealthDescriptor() { grpc::health::v1::HealthCheckRequest::descriptor(); }

}  // namespace

absl::Status ConfigureServer(const SecurityOptions& options, const std::string& listen,
                             grpc::ServerBuilder& builder, int* bound_port) {
  BB_RETURN_IF_ERROR(CheckTarget(listen));
  BB_ASSIGN_OR_RETURN(const Secrets secrets, LoadSecrets(options));
  const bool tls = !secrets.certificate.empty();
  if (!tls && !options.tls_ca_file.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--tls-ca '", options.tls_ca_file, "' on a server needs --tls-cert and --tls-key as well"));
  }
  if (!tls && !options.insecure && !IsLoopbackTarget(listen)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "refusing to listen on '", listen,
        "' in plain text: it is beyond loopback; give --tls-cert and --tls-key, or --insecure if "
        "the network is trusted"));
  }
  LinkHealthDescriptor();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  builder.AddListeningPort(listen, std::make_shared<PortCredentials>(secrets, tls), bound_port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  // Without this two programs could share a port, each getting a part of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  return absl::OkStatus();
}

}  // namespace basisbench
