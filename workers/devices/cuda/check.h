// SPDX-License-Identifier: Apache-2.0
// What CUDA's libraries answer, as a status that names the call, the code and its text. One
// function per library. No room is RESOURCE_EXHAUSTED, an interface that has nothing for the
// arguments and what a stream under capture cannot do UNIMPLEMENTED, everything else INTERNAL. Any
// thread.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cufft.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace basisbench {

absl::Status CheckCuda(cudaError_t code, absl::string_view call);
absl::Status CheckCublas(cublasStatus_t code, absl::string_view call);
absl::Status CheckCufft(cufftResult code, absl::string_view call);

}  // namespace basisbench
