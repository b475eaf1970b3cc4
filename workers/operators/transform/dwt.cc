// SPDX-License-Identifier: Apache-2.0
// Fast wavelet transform along either axis, periodic and orthonormal. One level takes q numbers to
// q/2 sums and q/2 differences,
//   a[i] = sum_(l < L) h_l x[(2i + l) mod q],  d[i] = sum_l g_l x[(2i + l) mod q],
//   g_l = (-1)^l h_(L-1-l),
// and the next level goes on with a. Output: a of the last level, then d from the last level to the
// first.
//   FLOPs 2 (2L - 1) n (1 - 2^-levels) a vector, backward the same. No parameters. Sharding "halo":
//   dwt_halo_plan.h.
// Daubechies, "Orthonormal bases of compactly supported wavelets" (1988); Mallat (1989).
#include <bit>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/transform/dwt_halo_plan.h"
#include "workers/operators/transform/local_dwt.h"

namespace basisbench {
namespace {

const std::map<std::string, std::vector<double>>& Filters() {
  static const auto& filters = *new std::map<std::string, std::vector<double>>{
      {"haar", {0.7071067811865475244008, 0.7071067811865475244008}},
      {"db2",
       {0.4829629131445341433749, 0.8365163037378079055753, 0.224143868042013381026,
        -0.1294095225512603811744}},
      {"db3",
       {0.3326705529500826159985, 0.8068915093110925764945, 0.4598775021184915700952,
        -0.1350110200102545886964, -0.08544127388202666169282, 0.03522629188570953660274}},
      {"db4",
       {0.2303778133088965008633, 0.7148465705529156470899, 0.6308807679298589078817,
        -0.02798376941685985421141, -0.1870348117190930840796, 0.03084138183556076362722,
        0.03288301166688519973541, -0.01059740178506903210488}}};
  return filters;
}

const std::vector<double>& FilterOf(const Problem& problem) {
  return Filters().at(problem.parameters.at("wavelet"));
}

// The recursion on a unit vector.
class DwtMap : public ReferenceMap {
 public:
  DwtMap(int64_t levels, std::vector<double> h) : levels_(levels), h_(std::move(h)) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    std::vector<double> x(outputs.size(), 0.0);
    x[input] = 1;
    for (int64_t level = 0; level < levels_; ++level) {
      const size_t q = x.size(), taps = h_.size();
      std::vector<double> a(q / 2, 0.0);
      for (size_t i = 0; i < q / 2; ++i) {
        double d = 0;
        for (size_t l = 0; l < taps; ++l) {
          a[i] += h_[l] * x[(2 * i + l) % q];
          d += (l % 2 == 0 ? 1 : -1) * h_[taps - 1 - l] * x[(2 * i + l) % q];
        }
        outputs[q / 2 + i] = d;
      }
      x = a;
    }
    for (size_t i = 0; i < x.size(); ++i) outputs[i] = x[i];
  }

 private:
  const int64_t levels_;
  const std::vector<double> h_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "dwt";
  description.family = "transform";
  description.axis = "channel";
  description.formula =
      "a[i] = sum_l h[l] x[2i+l], d[i] = sum_l (-1)^l h[L-1-l] x[2i+l], again on a";
  description.source = "Daubechies, Comm. Pure Appl. Math. 1988; Mallat, IEEE Trans. PAMI 1989";
  description.flops_formula = "V 2 (2L - 1) n (1 - 2^-levels), V vectors of length n, L taps";
  description.parameters = {
      AxisParameter(),
      {"wavelet", "haar, db2, db3 or db4", "haar"},
      {"levels", "how often the sums are transformed again; default: as often as 2 divides n", "",
       1, 62}};
  return description;
}

class Dwt : public Mixer {
 public:
  Dwt() : Mixer(Describe()) { Add(DwtHalo(*this, FilterOf)); }

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(RequireSquare(problem));
    const std::string& wavelet = problem.parameters.at("wavelet");
    if (Filters().count(wavelet) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dwt: no wavelet '", wavelet,
          "'; have: ", absl::StrJoin(Filters(), ", ", [](std::string* out, const auto& filter) {
            absl::StrAppend(out, filter.first);
          })));
    }
    const int64_t n = InputLength(problem);
    const int64_t most = std::countr_zero(static_cast<uint64_t>(n));
    if (most == 0)
      return absl::UnimplementedError(absl::StrCat("dwt: a length of ", n, " is not even"));
    DefaultParameter(problem, "levels", most);
    const int64_t levels = IntegerParameter(problem, "levels");
    if (levels <= most) return absl::OkStatus();
    return absl::UnimplementedError(absl::StrCat("dwt: ", levels, " levels need a length that 2^",
                                                 levels, " divides, not ", n));
  }
  bool MixesTokens(const Problem& problem) const override { return AlongTokens(problem); }
  std::vector<Weight> Weights(const Problem&) const override { return {}; }
  double FlopsPerVector(const Problem& problem) const override {
    const auto taps = static_cast<double>(FilterOf(problem).size());
    const auto levels = static_cast<int>(IntegerParameter(problem, "levels"));
    const auto n = static_cast<double>(InputLength(problem));
    return 2 * (2 * taps - 1) * n * (1 - std::ldexp(1.0, -levels));
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    return LocalDwtElements(*this, problem, vectors);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return MakeLocalDwt(*this, problem, FilterOf(problem), device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights&) const override {
    return std::make_unique<DwtMap>(IntegerParameter(problem, "levels"), FilterOf(problem));
  }
  double ForwardRoundings(const Problem& problem) const override {
    return static_cast<double>(IntegerParameter(problem, "levels")) *
           (1 + static_cast<double>(FilterOf(problem).size()));
  }
};

const RegisterOperator kRegister(std::make_unique<Dwt>());

}  // namespace
}  // namespace basisbench
