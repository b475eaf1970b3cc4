// SPDX-License-Identifier: Apache-2.0
// How a process authenticates itself and others. Plain text is allowed on loopback only, unless
// `insecure` says that the network is trusted.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"

namespace basisbench {

struct SecurityOptions {
  std::string tls_certificate_file;  // PEM; server side, or client side for mutual TLS
  std::string tls_key_file;          // PEM, belongs to the certificate
  std::string tls_ca_file;           // PEM; on a server it makes client certificates mandatory
  std::string token_file;  // shared secret; sent and required as "authorization: Bearer ..."
  bool insecure = false;   // plain text beyond loopback is accepted
};

// Adds credentials, the token check, the standard health service, reflection, keepalive and
// message-size limits (16 MiB) to a server that is about to be built. INVALID_ARGUMENT when
// `listen` ("host:port") is beyond loopback and neither TLS nor `insecure` is set, or naming the
// file that cannot be read. `bound_port` receives the port.
absl::Status ConfigureServer(const SecurityOptions& options, const std::string& listen,
                             grpc::ServerBuilder& builder, int* bound_port);

// Channel to `target` ("host:port"), with the token attached to each call. INVALID_ARGUMENT as
// above.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const SecurityOptions& options,
                                                           const std::string& target);

}  // namespace basisbench
