// SPDX-License-Identifier: Apache-2.0
// Marks what kernels call too. Nothing to a compiler that makes code for the host only, so the same
// functions are compiled, and tested, without CUDA.
#pragma once

#ifdef __CUDACC__
#define BB_HOST_DEVICE __host__ __device__
#else
#define BB_HOST_DEVICE
#endif
