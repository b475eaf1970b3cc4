// SPDX-License-Identifier: Apache-2.0
// A fixed random rotation along either axis: the orthogonal factor of a Gaussian matrix, by as many
// Householder reflections as it has columns. The control of all fast transforms: as good a mixer as
// there is, at the price of a dense product.
//   FLOPs 2 n^2 a vector, backward the same. No parameters; the n^2 numbers are read like them.
// Stewart, "The efficient generation of random orthogonal matrices" (SIAM J. Numer. Anal. 1980).
#include <cmath>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/base/status_macros.h"
#include "workers/operators/input_values.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/constants.h"
#include "workers/operators/mixer/mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

using Matrix = std::vector<double>;

// Reflection k acts on the last n - k coordinates and takes a Gaussian vector of that length to a
// multiple of its first unit vector, whose sign is made positive. Their product applied to the unit
// matrix, n x n.
Matrix RandomOrthogonal(int64_t n, int64_t seed) {
  const TensorValues gaussian(static_cast<uint64_t>(seed), "rotation", Distribution::kNormal);
  Matrix q(static_cast<size_t>(n * n), 0.0);
  for (int64_t i = 0; i < n; ++i) q[i * n + i] = 1;
  std::vector<double> v(n), product(n);
  for (int64_t k = n - 1; k >= 0; --k) {
    const int64_t length = n - k;
    double square = 0;
    for (int64_t i = 0; i < length; ++i) {
      v[i] = gaussian.At(k, i);
      square += v[i] * v[i];
    }
    const double sign = v[0] < 0 ? -1 : 1;
    // |v|^2 after v[0] has moved away from zero by the norm.
    const double moved = 2 * (square + std::fabs(v[0]) * std::sqrt(square));
    v[0] += sign * std::sqrt(square);
    std::fill(product.begin(), product.end(), 0.0);
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = k; j < n; ++j) product[j] += v[i] * q[(k + i) * n + j];
    }
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = k; j < n; ++j) q[(k + i) * n + j] -= 2 / moved * v[i] * product[j];
    }
    for (int64_t j = k; j < n; ++j) q[k * n + j] *= -sign;
  }
  return q;
}

class LocalRotation : public LocalMixer {
 public:
  LocalRotation(int64_t n, const Problem& problem, Device& device, const LocalOperands& operands)
      : n_(n),
        backward_(problem.direction == "backward"),
        side_by_side_(AlongTokens(problem)),
        dtype_(problem.dtype),
        device_(device),
        o_(operands) {}

  absl::Status Allocate(const Matrix& matrix) {
    BB_ASSIGN_OR_RETURN(q_, MakeConstants(device_, dtype_, matrix));
    return absl::OkStatus();
  }

  // Rows: Y = X Q, dX = dY Q^T. Columns: Y = Q^T X, dX = Q dY.
  absl::Status Run() override {
    const void* from = backward_ ? o_.dy : o_.x;
    GemmArgs args{.dtype = dtype_, .m = o_.vectors, .n = n_, .k = n_};
    args.a = from, args.lda = n_, args.b = q_.data(), args.ldb = n_;
    args.transpose_b = backward_ ? Transpose::kYes : Transpose::kNo;
    args.c = backward_ ? o_.dx : o_.y;
    args.ldc = n_;
    if (side_by_side_) {
      args.transpose_a = backward_ ? Transpose::kNo : Transpose::kYes;
      args.transpose_b = Transpose::kNo;
      args.m = n_, args.n = o_.vectors;
      args.a = q_.data(), args.b = from, args.ldb = args.ldc = o_.vectors;
    }
    return device_.Gemm(args);
  }

 private:
  const int64_t n_;
  const bool backward_, side_by_side_;
  const Dtype dtype_;
  Device& device_;
  const LocalOperands o_;
  Buffer q_;
};

class RotationMap : public ReferenceMap {
 public:
  RotationMap(int64_t n, std::shared_ptr<const Matrix> q) : n_(n), q_(std::move(q)) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t j = 0; j < n_; ++j) outputs[j] = (*q_)[input * n_ + j];
  }

 private:
  const int64_t n_;
  const std::shared_ptr<const Matrix> q_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "random_orthogonal";
  description.family = "transform";
  description.axis = "channel";
  description.formula = "y = x Q, Q a fixed random orthogonal matrix";
  description.source = "Stewart, SIAM J. Numer. Anal. 1980; as the control RANDOM of FNet";
  description.flops_formula = "2 V n^2, V vectors of length n";
  description.parameters = {AxisParameter(), {"seed", "of the matrix", "1", 0, 1 << 30}};
  return description;
}

class RandomRotation : public Mixer {
 public:
  RandomRotation() : Mixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    return RequireSquare(problem);
  }
  bool MixesTokens(const Problem& problem) const override { return AlongTokens(problem); }
  std::vector<Weight> Weights(const Problem&) const override { return {}; }
  double FlopsPerVector(const Problem& problem) const override {
    const auto n = static_cast<double>(InputLength(problem));
    return 2 * n * n;
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    const int64_t n = InputLength(problem);
    return vectors == 0 ? 0 : n * n;
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    auto local = std::make_unique<LocalRotation>(InputLength(problem), problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate(*MatrixOf(problem)));
    return local;
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights&) const override {
    return std::make_unique<RotationMap>(InputLength(problem), MatrixOf(problem));
  }
  // The matrix is rounded, too.
  double ForwardRoundings(const Problem& problem) const override {
    return 1 + static_cast<double>(InputLength(problem));
  }

 private:
  // The matrix takes n^3 operations to make, and a case asks for it several times: the last one is
  // kept.
  std::shared_ptr<const Matrix> MatrixOf(const Problem& problem) const {
    const std::pair<int64_t, int64_t> key{InputLength(problem), IntegerParameter(problem, "seed")};
    absl::MutexLock lock(&mutex_);
    if (last_ == nullptr || last_key_ != key) {
      last_ = std::make_shared<const Matrix>(RandomOrthogonal(key.first, key.second));
      last_key_ = key;
    }
    return last_;
  }

  mutable absl::Mutex mutex_;
  mutable std::pair<int64_t, int64_t> last_key_ ABSL_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const Matrix> last_ ABSL_GUARDED_BY(mutex_);
};

const RegisterOperator kRegister(std::make_unique<RandomRotation>());

}  // namespace
}  // namespace basisbench
