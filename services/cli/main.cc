// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "services/cli/cli.h"

int main(int argc, char** argv) {
  // gRPC's own log would mix with our messages; what went wrong arrives in the status of the call.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  basisbench::Interrupt interrupt;
  basisbench::ServeSignals(&interrupt);
  winsize size = {};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const basisbench::Streams streams = {.in = std::cin,
                                       .out = std::cout,
                                       .err = std::cerr,
                                       .in_terminal = isatty(STDIN_FILENO) == 1,
                                       .out_terminal = isatty(STDOUT_FILENO) == 1,
                                       .err_terminal = isatty(STDERR_FILENO) == 1,
                                       .columns = known ? size.ws_col : 80};
  const int code =
      basisbench::RunCli(std::vector<std::string>(argv + 1, argv + argc), streams, interrupt);
  std::cout.flush();
  // A full disk or a closed pipe must not look like success.
  if (code == 0 && !std::cout) {
    std::cerr << "error: cannot write to standard output\n";
    return 1;
  }
  return code;
}
