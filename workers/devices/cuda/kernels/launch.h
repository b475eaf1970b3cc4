// SPDX-License-Identifier: Apache-2.0
// Runs a program. What nvcc compiles runs on the queue's stream and returns at once; what a C++
// compiler makes of the same files runs on the processor, to the end, for tests.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/cuda/kernels/program.h"

#ifdef __CUDACC__
#include "workers/devices/cuda/kernels/launch_on_gpu.cuh"
#else
#include "workers/devices/cuda/kernels/launch_on_host.h"
#endif
