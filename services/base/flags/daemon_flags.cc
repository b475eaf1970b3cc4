// SPDX-License-Identifier: Apache-2.0
#include "services/base/flags/daemon_flags.h"

#include <map>
#include <string>

namespace basisbench {

void AddSecurityFlags(CLI::App& app, SecurityOptions& security) {
  app.add_option("--tls-cert", security.tls_certificate_file, "certificate of this host (PEM)")
      ->envname("BASISBENCH_TLS_CERT");
  app.add_option("--tls-key", security.tls_key_file, "its private key (PEM)")
      ->envname("BASISBENCH_TLS_KEY");
  app.add_option("--tls-ca", security.tls_ca_file,
                 "authority of the other side (PEM); makes certificates of clients mandatory")
      ->envname("BASISBENCH_TLS_CA");
  app.add_option("--token-file", security.token_file, "file with the shared secret")
      ->envname("BASISBENCH_TOKEN_FILE");
  app.add_flag("--insecure", security.insecure, "allow plain text beyond loopback")
      ->envname("BASISBENCH_INSECURE");
}

void AddLogLevelFlag(CLI::App& app, LogLevel& level) {
  static const std::map<std::string, LogLevel> levels = {{"debug", LogLevel::kDebug},
                                                         {"info", LogLevel::kInfo},
                                                         {"warning", LogLevel::kWarning},
                                                         {"error", LogLevel::kError}};
  app.add_option("--log-level", level, "debug, info, warning or error")
      ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case))
      ->envname("BASISBENCH_LOG_LEVEL");
}

}  // namespace basisbench
