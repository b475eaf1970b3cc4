// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/openblas.h"

#include <dlfcn.h>

#include <cstdlib>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/cpu_features.h"

namespace basisbench {
namespace {

constexpr char kLibrary[] = "libopenblas.so.0";
constexpr char kCoreVariable[] = "OPENBLAS_CORETYPE";

void NameKernelSet() {
  if (DetectSimdLevel() == SimdLevel::kAvx512) setenv(kCoreVariable, "SkylakeX", 0);
  if (DetectSimdLevel() == SimdLevel::kAvx2) setenv(kCoreVariable, "Haswell", 0);
}

template <typename Function>
absl::Status Find(void* library, const char* symbol, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (*function != nullptr) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(kLibrary, " has no function ", symbol));
}

absl::StatusOr<OpenBlas> Load() {
  NameKernelSet();
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot load ", kLibrary, ": ", dlerror()));
  }
  OpenBlas blas;
  char* (*config)() = nullptr;
  char* (*core)() = nullptr;
  BB_RETURN_IF_ERROR(Find(library, "cblas_sgemm", &blas.sgemm));
  BB_RETURN_IF_ERROR(Find(library, "cblas_dgemm", &blas.dgemm));
  BB_RETURN_IF_ERROR(Find(library, "openblas_set_num_threads", &blas.set_threads));
  BB_RETURN_IF_ERROR(Find(library, "openblas_get_config", &config));
  BB_RETURN_IF_ERROR(Find(library, "openblas_get_corename", &core));
  blas.version = config();
  blas.core = core();
  return blas;
}

}  // namespace

absl::StatusOr<const OpenBlas*> LoadOpenBlas() {
  static const auto* const blas = new absl::StatusOr<OpenBlas>(Load());
  if (!blas->ok()) return blas->status();
  return &**blas;
}

}  // namespace basisbench
