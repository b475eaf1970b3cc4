// SPDX-License-Identifier: Apache-2.0
// OpenBLAS, loaded at run time. OpenBLAS chooses its kernels while it is being loaded, and releases
// older than the processor fall back to old kernels (OpenMathLib/OpenBLAS issue 4267); so the
// kernel set is named in the environment first, from what the processor says it can do, unless the
// user has named one. Loaded once per process and never unloaded; thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace basisbench {

// The C interface of BLAS; enumerations are passed as int.
struct OpenBlas {
  using Sgemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                         const float* a, int lda, const float* b, int ldb, float beta, float* c,
                         int ldc);
  using Dgemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, double alpha,
                         const double* a, int lda, const double* b, int ldb, double beta, double* c,
                         int ldc);
  Sgemm sgemm = nullptr;
  Dgemm dgemm = nullptr;
  void (*set_threads)(int) = nullptr;
  std::string version;  // "OpenBLAS 0.3.21 ... "
  std::string core;     // the kernel set in use, e.g. "SkylakeX"
};

inline constexpr int kCblasRowMajor = 101;
inline constexpr int kCblasNoTrans = 111;
inline constexpr int kCblasTrans = 112;

// UNAVAILABLE naming the library and the loader's message. The first call sets the environment
// variable OPENBLAS_CORETYPE when it is unset, so make it before other threads read the
// environment.
absl::StatusOr<const OpenBlas*> LoadOpenBlas();

}  // namespace basisbench
