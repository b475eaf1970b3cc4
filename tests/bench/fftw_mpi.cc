// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/fftw_mpi.h"

#include <mpi.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/shared_library.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

constexpr unsigned kMeasure = 0, kTransposedOut = 1U << 30;  // as fftw3.h and fftw3-mpi.h have them

struct Functions {
  void (*init)() = nullptr;
  ptrdiff_t (*local_size)(ptrdiff_t rows, ptrdiff_t cols, MPI_Comm ranks, ptrdiff_t* own_rows,
                          ptrdiff_t* first_row, ptrdiff_t* own_cols,
                          ptrdiff_t* first_col) = nullptr;
  void* (*plan)(ptrdiff_t rows, ptrdiff_t cols, float* in, float* out, MPI_Comm ranks,
                unsigned flags) = nullptr;
  void (*execute)(void* plan) = nullptr;
  void (*destroy)(void* plan) = nullptr;
  float* (*allocate)(size_t reals) = nullptr;
  void (*release)(void* memory) = nullptr;
};

absl::StatusOr<Functions> Load() {
  BB_ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Load("libfftw3f_mpi.so.3"));
  Functions functions;
  BB_RETURN_IF_ERROR(library.Find("fftwf_mpi_init", &functions.init));
  BB_RETURN_IF_ERROR(library.Find("fftwf_mpi_local_size_2d_transposed", &functions.local_size));
  BB_RETURN_IF_ERROR(library.Find("fftwf_mpi_plan_dft_r2c_2d", &functions.plan));
  BB_RETURN_IF_ERROR(library.Find("fftwf_execute", &functions.execute));
  BB_RETURN_IF_ERROR(library.Find("fftwf_destroy_plan", &functions.destroy));
  BB_RETURN_IF_ERROR(library.Find("fftwf_alloc_real", &functions.allocate));
  BB_RETURN_IF_ERROR(library.Find("fftwf_free", &functions.release));
  functions.init();
  return functions;
}

const absl::StatusOr<Functions>& Fftw() {
  static const auto& functions = *new absl::StatusOr<Functions>(Load());
  return functions;
}

using Reals = std::unique_ptr<float, void (*)(void*)>;

// The transform and its spectrum; what comes after it is the derived classes'.
class Fnet : public FftwMpiFnet {
 public:
  Fnet(const Functions& functions, const FftwMpiCase& problem)
      : functions_(functions), tokens_(problem.tokens), width_(problem.width) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
    ptrdiff_t rows, first_row, columns, first_column;
    const ptrdiff_t numbers = functions.local_size(tokens_, half_, MPI_COMM_WORLD, &rows,
                                                   &first_row, &columns, &first_column);
    rows_ = {first_row, rows};
    columns_ = {first_column, columns};
    x_ = Room(2 * numbers);
    spectrum_ = Room(2 * numbers);
    plan_ = functions.plan(tokens_, width_, x_.get(), spectrum_.get(), MPI_COMM_WORLD,
                           kMeasure | (problem.transposed ? kTransposedOut : 0));
  }
  ~Fnet() override {
    if (plan_ != nullptr) functions_.destroy(plan_);
  }

  bool planned() const { return plan_ != nullptr; }

  // Rows are padded to whole complex numbers, as the library wants them.
  Shard Input() override {
    return {"x", Dtype::kF32, x_.get(), 2 * half_, IndicesOf(rows_), IndicesOf({0, width_})};
  }

 protected:
  Reals Room(int64_t reals) const {
    return {functions_.allocate(std::max<int64_t>(1, reals)), functions_.release};
  }
  void Transform() const { functions_.execute(plan_); }
  // Real part of the number at a place of the spectrum.
  float RealAt(int64_t place) const { return spectrum_.get()[2 * place]; }

  const Functions functions_;
  const int64_t tokens_, width_, half_ = width_ / 2 + 1;
  int rank_ = 0, ranks_ = 1;
  Piece rows_, columns_;  // of X; of the spectrum, transposed

 private:
  Reals x_{nullptr, nullptr}, spectrum_{nullptr, nullptr};
  void* plan_ = nullptr;
};

class ByRows : public Fnet {
 public:
  ByRows(const Functions& functions, const FftwMpiCase& problem)
      : Fnet(functions, problem),
        leaving_(Room(rows_.count * images_)),
        arrived_(Room(rows_.count * images_)),
        y_(Room(rows_.count * width_)) {}

  void Run() override {
    Transform();
    for (int64_t k = 0; k < rows_.count; ++k) {
      float* const row = y_.get() + k * width_;
      float* const images = leaving_.get() + k * images_;
      for (int64_t l = 0; l < half_; ++l) row[l] = RealAt(k * half_ + l);
      for (int64_t j = 0; j < images_; ++j) images[j] = row[images_ - j];
    }
    // The mirror of a rank's first row is the first of another rank; those of its other rows are
    // the other rows of a third, in descending order.
    const int64_t others = rows_.count - 1;
    Exchange(0, 1, (ranks_ - rank_) % ranks_);
    Exchange(1, others, ranks_ - 1 - rank_);
    Place(0, 0);
    for (int64_t k = 1; k <= others; ++k) Place(k, rows_.count - k);
  }

  FftwMpiPart Output() const override {
    return {y_.get(), width_, 1, IndicesOf(rows_), IndicesOf({0, width_})};
  }

 private:
  void Exchange(int64_t first, int64_t rows, int peer) {
    const int count = static_cast<int>(rows * images_);
    MPI_Sendrecv(leaving_.get() + first * images_, count, MPI_FLOAT, peer, 0,
                 arrived_.get() + first * images_, count, MPI_FLOAT, peer, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
  }
  void Place(int64_t row, int64_t arrived) {
    std::copy_n(arrived_.get() + arrived * images_, images_, y_.get() + row * width_ + half_);
  }

  const int64_t images_ = width_ - half_;  // columns beyond d/2
  const Reals leaving_, arrived_, y_;
};

class ByColumns : public Fnet {
 public:
  ByColumns(const Functions& functions, const FftwMpiCase& problem)
      : Fnet(functions, problem), held_(IndicesOf(columns_)) {
    for (const int64_t l : IndicesOf(columns_))
      if (l > 0 && l <= width_ - half_) held_.push_back(width_ - l);
    y_ = Room(static_cast<int64_t>(held_.size()) * tokens_);
  }

  void Run() override {
    Transform();
    float* image = y_.get() + columns_.count * tokens_;
    for (int64_t l = 0; l < columns_.count; ++l) {
      float* const column = y_.get() + l * tokens_;
      for (int64_t k = 0; k < tokens_; ++k) column[k] = RealAt(l * tokens_ + k);
      if (columns_.offset + l == 0 || columns_.offset + l > width_ - half_) continue;
      image[0] = column[0];
      std::reverse_copy(column + 1, column + tokens_, image + 1);
      image += tokens_;
    }
  }

  FftwMpiPart Output() const override {
    return {y_.get(), 1, tokens_, IndicesOf({0, tokens_}), held_};
  }

 private:
  std::vector<int64_t> held_;  // own columns, and behind them their images
  Reals y_{nullptr, nullptr};
};

}  // namespace

absl::Status LoadFftwMpi() { return Fftw().status(); }

absl::StatusOr<std::unique_ptr<FftwMpiFnet>> MakeFftwMpiFnet(const FftwMpiCase& problem) {
  BB_ASSIGN_OR_RETURN(const Functions functions, Fftw());
  int ranks;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (problem.tokens % ranks != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(problem.tokens, " tokens do not divide among ", ranks, " ranks"));
  }
  std::unique_ptr<Fnet> made;
  if (problem.transposed) {
    made = std::make_unique<ByColumns>(functions, problem);
  } else {
    made = std::make_unique<ByRows>(functions, problem);
  }
  if (made->planned()) return made;
  return absl::InternalError(
      absl::StrCat("FFTW has no plan for ", problem.tokens, "x", problem.width));
}

}  // namespace basisbench
