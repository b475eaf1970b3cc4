// SPDX-License-Identifier: Apache-2.0
// FNet mixing as a user of FFTW's MPI library would write it, on the world of this mpirun: the
// library is loaded at run time where it is installed. One thread, single precision, plans by
// FFTW_MEASURE; MPI must be initialised.
// fftwf_mpi_plan_dft_r2c_2d leaves columns 0 to d/2 of the spectrum, which say all: the real part
// is even, Y[k, d - l] = Y[-k, l]. Both peers complete Y:
//   by rows, the library's default order: real parts of the own rows, and those of the mirror rows
//   -k, which other ranks hold, by MPI_Sendrecv
//   by columns, FFTW_MPI_TRANSPOSED_OUT: real parts of the own columns l and their images d - l,
//   each column without gaps as the library leaves them; nothing more is sent
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"

namespace basisbench {

struct FftwMpiCase {
  int64_t tokens = 0, width = 0;
  bool transposed = false;
};

// A rank's part of Y: element (rows[i], cols[j]) at i * row_stride + j * col_stride.
struct FftwMpiPart {
  const float* data = nullptr;
  int64_t row_stride = 0, col_stride = 0;
  std::vector<int64_t> rows, cols;
};

class FftwMpiFnet {
 public:
  virtual ~FftwMpiFnet() = default;
  virtual void Run() = 0;  // collective; leaves X as it was
  virtual Shard Input() = 0;
  virtual FftwMpiPart Output() const = 0;
};

// UNAVAILABLE naming the library where it cannot be loaded.
absl::Status LoadFftwMpi();

// Collective. Also INVALID_ARGUMENT where the tokens do not divide among the ranks.
absl::StatusOr<std::unique_ptr<FftwMpiFnet>> MakeFftwMpiFnet(const FftwMpiCase& problem);

}  // namespace basisbench
