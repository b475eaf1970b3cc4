// SPDX-License-Identifier: Apache-2.0
// basisbench-guard [--parent PID] PROGRAM [ARGUMENT...]
// Becomes PROGRAM, after asking the kernel to kill it when its parent dies. So nothing of an
// attempt outlives its worker daemon, not even one that was killed without a chance to clean up.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  int program = 1;
  long parent = 0;
  if (argc > 2 && std::strcmp(argv[1], "--parent") == 0) {
    parent = std::strtol(argv[2], nullptr, 10);
    program = 3;
  }
  if (argc <= program) {
    std::fprintf(stderr, "usage: basisbench-guard [--parent PID] PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the request was made.
  if (parent > 0 && getppid() != parent) return 1;
  // Ranks of two daemons on one machine would otherwise open each other's shared memory: Open MPI
  // names the segments after the host and the local rank, and both have a rank 0.
  const char* shared_memory = std::getenv("BASISBENCH_SHARED_MEMORY");
  if (shared_memory != nullptr) setenv("OMPI_MCA_btl_vader_backing_directory", shared_memory, 1);
  execvp(argv[program], argv + program);
  std::fprintf(stderr, "basisbench-guard: cannot execute %s: %s\n", argv[program],
               std::strerror(errno));
  return 127;
}
