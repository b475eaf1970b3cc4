// SPDX-License-Identifier: Apache-2.0
// Convolution over a group G of n elements along either axis, the product of its group algebra:
//   y[g] = sum_h a[g h^-1] x[h].
//   cyclic    Z_n: a circulant matrix, diagonal in the Fourier basis. FLOPs 5 n lg n + 6 (n/2 + 1).
//   xor       Z_2^k, n = 2^k: diagonal in the Walsh-Hadamard basis. FLOPs 2 n lg n + n.
//   dihedral  the symmetries of a polygon of n/2 corners, not commutative: in the Fourier basis of
//             its rotations 2 x 2 matrices multiply. FLOPs 5 n lg (n/2) + 28 (n/4 + 1).
// Wedderburn's theorem: every group algebra is one of block diagonal matrices in some basis, from
// the convolutions of commutative groups, whose blocks are numbers, on to products of matrices.
//   Parameters n. FLOPs of a vector; the transform of the filter is left out.
// Definition; Diaconis, "Group Representations in Probability and Statistics" (1988).
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/group_conv/group_algorithm.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

// The group's product by index; r^a s^e r^b s^f = r^(a + b or a - b) s^(e + f) in the dihedral one.
int64_t ProductOf(std::string_view group, int64_t n, int64_t g, int64_t h) {
  if (group == "xor") return g ^ h;
  if (group == "cyclic") return (g + h) % n;
  const int64_t m = n / 2, a = g % m, b = h % m, e = g / m, f = h / m;
  return (e == 0 ? a + b : a - b + m) % m + (e + f) % 2 * m;
}

// Of a unit at h: a[g] at g h.
class GroupMap : public ReferenceMap {
 public:
  GroupMap(std::string group, const ReferenceWeights& weights)
      : group_(std::move(group)), a_(weights.at("w")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const auto n = static_cast<int64_t>(a_.size());
    for (int64_t g = 0; g < n; ++g) outputs[ProductOf(group_, n, g, input)] = a_[g];
  }

 private:
  const std::string group_;
  const std::vector<double> a_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "group_conv";
  description.family = "convolution";
  description.axis = "channel";
  description.formula = "y[g] = sum_h a[g h^-1] x[h] over a group of n elements";
  description.source = "definition; Diaconis, 1988";
  description.flops_formula =
      "V (5 n lg n + 6 (n/2 + 1)); xor V (2 n lg n + n); dihedral V (5 n lg(n/2) + 28 (n/4 + 1))";
  description.parameters = {
      {"group", "cyclic, xor (bits, n a power of two) or dihedral (n even)", "cyclic"},
      AxisParameter()};
  return description;
}

class GroupConv : public Convolution {
 public:
  GroupConv() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    const std::string& group = GroupOf(problem);
    if (group != "cyclic" && group != "xor" && group != "dihedral")
      return absl::InvalidArgumentError(absl::StrCat(
          "group_conv: parameter 'group' must be cyclic, xor or dihedral, not '", group, "'"));
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? absl::OkStatus() : own->CheckOrder(InputLength(problem));
  }
  // Of the cyclic one; all have a weight for each element.
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t n = InputLength(problem);
    return {.in = n, .out = n, .taps = n, .origin = 0, .length = n, .cyclic = true};
  }
  double FlopsPerVector(const Problem& problem) const override {
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? Convolution::FlopsPerVector(problem) : own->Flops(InputLength(problem));
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? Convolution::BackwardFlopsPerVector(problem)
                          : own->BackwardFlops(InputLength(problem));
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? Convolution::Workspace(problem, vectors)
                          : own->Elements(*this, problem, vectors);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? Convolution::MakeLocal(problem, device, operands)
                          : own->MakeLocal(*this, problem, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<GroupMap>(GroupOf(problem), weights);
  }
  double ForwardRoundings(const Problem& problem) const override {
    const GroupAlgorithm* own = OwnAlgorithm(problem);
    return own == nullptr ? Convolution::ForwardRoundings(problem)
                          : own->Roundings(InputLength(problem));
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    if (GroupOf(problem) != "xor") return Convolution::IntegerBound(problem);
    // A transform back of products of two sums, before it is divided by n.
    const auto n = static_cast<double>(InputLength(problem));
    return 4 * n * n * n;
  }

 private:
  static const std::string& GroupOf(const Problem& problem) {
    return problem.parameters.at("group");
  }
  // Null for the cyclic group: that is what Convolution does.
  static const GroupAlgorithm* OwnAlgorithm(const Problem& problem) {
    if (GroupOf(problem) == "xor") return &XorAlgorithm();
    return GroupOf(problem) == "dihedral" ? &DihedralAlgorithm() : nullptr;
  }
};

const RegisterOperator kRegister(std::make_unique<GroupConv>());

}  // namespace
}  // namespace basisbench
