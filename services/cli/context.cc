// SPDX-License-Identifier: Apache-2.0
#include "services/cli/context.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/local_state.h"
#include "services/cli/spec_text.h"
#include "services/cli/text.h"

namespace basisbench {

absl::Status Context::Resolve() {
  BB_ASSIGN_OR_RETURN(format_, ParseFormat(flags.output));
  const auto timeout = ParseDuration(flags.timeout);
  if (!timeout.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--timeout: ", timeout.status().message()));
  }
  timeout_ = absl::Seconds(timeout->seconds()) + absl::Nanoseconds(timeout->nanos());
  return absl::OkStatus();
}

PrintOptions Context::print_options() const {
  return {.format = format_,
          .headers = !flags.no_headers,
          .color = streams_.out_terminal && !flags.no_color};
}

absl::StatusOr<Client*> Context::Connect() {
  if (client_ == nullptr) {
    auto client = Client::Make(flags.security, coordinator(), timeout_);
    if (!client.ok()) return AsUsage(client.status());
    client_ = *std::move(client);
  }
  return client_.get();
}

std::string Context::coordinator() const {
  if (!flags.coordinator.empty()) return flags.coordinator;
  return RunningLocalCoordinator().value_or(kDefaultCoordinator);
}

void Context::Say(const std::string& message) {
  if (!flags.quiet) streams_.err << Printable(message) << '\n';
}

int Context::Fail(const absl::Status& status) {
  const bool color = streams_.err_terminal && !flags.no_color;
  streams_.err << (color ? "\033[31merror:\033[0m " : "error: ")
               << Printable(std::string(status.message())) << '\n';
  return ExitCodeFor(status);
}

int Context::FailUsage(const absl::Status& status) { return Fail(AsUsage(status)); }

}  // namespace basisbench
