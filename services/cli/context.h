// SPDX-License-Identifier: Apache-2.0
// What every verb is given: the global flags, the streams, and the coordinator when it needs one.
// Lives as long as the command; used from one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/rpc/security.h"
#include "services/cli/client.h"
#include "services/cli/exit_code.h"
#include "services/cli/interrupt.h"
#include "services/cli/printer.h"
#include "services/cli/streams.h"

namespace basisbench {

inline constexpr char kDefaultCoordinator[] = "127.0.0.1:7070";

struct GlobalFlags {
  std::string coordinator;  // empty: the one `local up` started, else kDefaultCoordinator
  SecurityOptions security;
  std::string timeout = "30s";
  std::string output = "table";
  bool no_headers = false;
  bool no_color = false;
  bool quiet = false;
  int verbosity = 0;
};

class Context {
 public:
  Context(const Streams& streams, Interrupt& interrupt)
      : streams_(streams), interrupt_(interrupt) {}

  GlobalFlags flags;
  // Set by the verb that was named; run once the whole command line is known to be good.
  std::function<int()> action;

  const Streams& io() const { return streams_; }
  std::ostream& out() { return streams_.out; }
  Interrupt& interrupt() { return interrupt_; }

  // Checks the global flags. INVALID_ARGUMENT names the flag.
  absl::Status Resolve();
  Format format() const { return format_; }
  PrintOptions print_options() const;

  // The coordinator named by the flags; made on first use. Nothing is contacted yet. A failure is
  // told to be one of usage by its payload.
  absl::StatusOr<Client*> Connect();
  // Where Connect leads.
  std::string coordinator() const;

  // A message on standard error, unless --quiet.
  void Say(const std::string& message);
  // An error on standard error; returns the exit code for it.
  int Fail(const absl::Status& status);
  // The same for a mistake on the command line.
  int FailUsage(const absl::Status& status);

 private:
  Streams streams_;
  Interrupt& interrupt_;
  Format format_ = Format::kTable;
  absl::Duration timeout_ = absl::Seconds(30);
  std::unique_ptr<Client> client_;
};

}  // namespace basisbench
