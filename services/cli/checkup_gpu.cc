// SPDX-License-Identifier: Apache-2.0
// GPUs, their driver, and whether our programs were built for them. Our own worker and runner are
// asked, because what they see is what counts.
#include <dlfcn.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "basisbench/v1/operator.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/backends.h"
#include "services/cli/checkup.h"
#include "services/cli/checkup_program.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

// "550.54.14" of "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 ...".
std::string KernelModuleVersion(const CheckupPaths& paths) {
  std::string line;
  std::ifstream file(paths.root + "/proc/driver/nvidia/version");
  std::getline(file, line);
  for (const absl::string_view word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
    const bool version = absl::ascii_isdigit(static_cast<unsigned char>(word[0])) &&
                         absl::StrContains(word, '.') &&
                         word.find_first_not_of("0123456789.") == absl::string_view::npos;
    if (version) return std::string(word);
  }
  return "";
}

Check Driver(const CheckupPaths& paths) {
  const std::string module = KernelModuleVersion(paths);
  void* library = dlopen(paths.nvml.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) dlclose(library);
  if (module.empty() && library == nullptr)
    return {"GPU driver", Health::kUnknown, "none; CPU only", ""};
  if (library == nullptr) {
    return {"GPU driver", Health::kWarning, absl::StrCat(module, ", but no ", paths.nvml),
            "install it, or give the container its GPUs (docker: --gpus all)"};
  }
  return {"GPU driver", Health::kOk,
          absl::StrCat(module.empty() ? "version not told" : module, ", ", paths.nvml), ""};
}

// As the worker sees them.
Check Gpus(const CheckupPaths& paths) {
  const std::string worker = paths.programs + "/basisbench-worker";
  if (access(worker.c_str(), X_OK) != 0)
    return {"GPUs", Health::kUnknown, "no basisbench-worker here to look for them", ""};
  const ProgramAnswer answer = AskProgram(worker, "--list-gpus");
  v1::Inventory inventory;
  const bool read =
      answer.ok && google::protobuf::util::JsonStringToMessage(answer.output, &inventory).ok();
  if (!read) return {"GPUs", Health::kUnknown, FirstLine(answer.output), ""};
  std::map<std::string, int> kinds;
  for (const v1::GpuInfo& gpu : inventory.gpus()) {
    ++kinds[absl::StrCat(gpu.name(), ", ", HumanBytes(static_cast<double>(gpu.memory_bytes())))];
  }
  const std::string found = absl::StrJoin(kinds, "; ", [](std::string* out, const auto& kind) {
    absl::StrAppend(out, kind.second, " x ", kind.first);
  });
  return {"GPUs", Health::kOk, found, ""};
}

Check CudaBuild(const CheckupPaths& paths, bool has_gpus) {
  const std::string runner = paths.programs + "/basisbench-runner";
  if (access(runner.c_str(), X_OK) != 0)
    return {"CUDA build", Health::kUnknown, "no basisbench-runner here", ""};
  v1::OperatorCatalogue catalogue;
  const ProgramAnswer answer = AskProgram(runner, "--describe");
  if (!answer.ok || !catalogue.ParseFromString(answer.output)) {
    return {"CUDA build", Health::kFail, absl::StrCat(runner, " does not describe itself"),
            "build it anew"};
  }
  const std::string has = absl::StrJoin(catalogue.backends(), ", ");
  for (const std::string& backend : catalogue.backends()) {
    if (DeviceOf(backend) == kCudaDevice) return {"CUDA build", Health::kOk, has, ""};
  }
  const std::string found = absl::StrCat("the runner has ", has, " only");
  if (!has_gpus) return {"CUDA build", Health::kUnknown, found, ""};
  return {"CUDA build", Health::kWarning, found, "./dev build cuda"};
}

}  // namespace

std::vector<Check> CheckGpus(const CheckupPaths& paths) {
  const Check gpus = Gpus(paths);
  return {Driver(paths), gpus, CudaBuild(paths, gpus.health == Health::kOk)};
}

}  // namespace basisbench
