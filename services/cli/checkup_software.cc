// SPDX-License-Identifier: Apache-2.0
// The programs and libraries a node needs.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/checkup.h"
#include "services/cli/checkup_program.h"

namespace basisbench {
namespace {

constexpr char kInstallMpi[] = "install Open MPI 4 (Debian: openmpi-bin)";

std::string FindProgram(const CheckupPaths& paths, const std::string& name) {
  for (const std::string& folder : paths.search) {
    const std::string path = absl::StrCat(folder, "/", name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

Check OurPrograms(const CheckupPaths& paths) {
  std::vector<std::string> missing;
  for (const char* name : {"basisbench-coordinator", "basisbench-worker", "basisbench-runner",
                           "basisbench-launch-agent", "basisbench-guard"}) {
    if (access(absl::StrCat(paths.programs, "/", name).c_str(), X_OK) != 0) missing.push_back(name);
  }
  if (missing.empty())
    return {"programs", Health::kOk, absl::StrCat("all in ", paths.programs), ""};
  return {"programs", Health::kFail,
          absl::StrCat("not in ", paths.programs, ": ", absl::StrJoin(missing, ", ")),
          "build or install them beside basisbench; a client of a remote cluster needs none"};
}

Check Mpirun(const CheckupPaths& paths) {
  const std::string path = FindProgram(paths, "mpirun");
  if (path.empty()) return {"mpirun", Health::kFail, "not in PATH", kInstallMpi};
  const std::string version = FirstLine(AskProgram(path, "--version").output);
  const std::string found = absl::StrCat(path, ": ", version.empty() ? "no version" : version);
  // "mpirun (Open MPI) 4.1.4"
  const size_t name = version.find("(Open MPI) ");
  if (name == std::string::npos) return {"mpirun", Health::kFail, found, kInstallMpi};
  const int major = std::atoi(version.c_str() + name + sizeof("(Open MPI) ") - 1);
  if (major == 4) return {"mpirun", Health::kOk, found, ""};
  return {"mpirun", Health::kWarning, found, "only Open MPI 4 is tested; newer ones have no orted"};
}

Check Orted(const CheckupPaths& paths) {
  const std::string path = FindProgram(paths, "orted");
  if (path.empty()) return {"orted", Health::kFail, "not in PATH", kInstallMpi};
  return {"orted", Health::kOk, path, ""};
}

Check OpenBlas(const CheckupPaths& paths) {
  // Loading it starts threads unless told otherwise.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  void* library = dlopen(paths.blas.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    return {"OpenBLAS", Health::kFail, absl::StrCat("cannot load ", paths.blas),
            "install it (Debian: libopenblas0-pthread)"};
  }
  using Describe = char* (*)();
  const auto config = reinterpret_cast<Describe>(dlsym(library, "openblas_get_config"));
  return {"OpenBLAS", Health::kOk,
          config != nullptr ? std::string(absl::StripAsciiWhitespace(config())) : paths.blas, ""};
}

}  // namespace

std::vector<Check> CheckSoftware(const CheckupPaths& paths) {
  return {OurPrograms(paths), Mpirun(paths), Orted(paths), OpenBlas(paths)};
}

}  // namespace basisbench
