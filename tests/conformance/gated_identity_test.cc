// SPDX-License-Identifier: Apache-2.0
// Gates and shared heads against operators without them, with no reference in between: each way to
// a result has its own problem and takes its operands from the same values.
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

using Values = std::vector<double>;

// Element (row, col) of a tensor, out of the seeded values of all tensors.
using Element = std::function<double(const Operands& seeded, absl::string_view tensor, int64_t row,
                                     int64_t col)>;

double AsSeeded(const Operands& seeded, absl::string_view tensor, int64_t row, int64_t col) {
  return seeded.At(tensor, row, col);
}

class Chosen : public Operands {
 public:
  Chosen(const Operands& seeded, const Element& element) : seeded_(seeded), element_(element) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return element_(seeded_, tensor, row, col);
  }

 private:
  const Operands& seeded_;
  const Element& element_;
};

struct Way {
  std::string op;
  std::map<std::string, std::string> parameters;
  ProblemShape shape;
  Element element = AsSeeded;
};

// The first output, whole, on the first rank; empty on the others.
absl::StatusOr<Values> Output(const Way& way, const std::string& sharding,
                              const std::string& direction, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const Operator* op, FindOperator(way.op));
  Problem problem;
  problem.parameters = way.parameters;
  problem.shape = way.shape;
  problem.dtype = Dtype::kF64;
  problem.sharding = sharding;
  problem.direction = direction;
  problem.ranks = communicator.size();
  BB_ASSIGN_OR_RETURN(problem, op->Resolve(problem));
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(*op, problem, communicator));
  run->Fill(Chosen(SeededOperands(*op, problem, Distribution::kNormal, 101), way.element));
  BB_RETURN_IF_ERROR(run->Run());
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(*run));
  return communicator.rank() == 0 ? Merge(held) : Values();
}

// Both give the same in every sharding of the second and in any number of ranks, Y and dX.
void ExpectSame(const Way& expected, const Way& way) {
  for (const int ranks : RankCounts()) {
    for (const std::string& sharding : (*FindOperator(way.op))->description().shardings) {
      for (const char* direction : {"forward", "backward"}) {
        const auto outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
          BB_ASSIGN_OR_RETURN(const Values want,
                              Output(expected, "column", direction, communicator));
          BB_ASSIGN_OR_RETURN(const Values got, Output(way, sharding, direction, communicator));
          double error = 0, size = 0;
          for (size_t i = 0; i < want.size(); ++i) {
            error += (got[i] - want[i]) * (got[i] - want[i]);
            size += want[i] * want[i];
          }
          if (error <= 1e-26 * size) return absl::OkStatus();
          return absl::InternalError(absl::StrCat("off by ", error, " of ", size));
        });
        EXPECT_TRUE(outcome.ok()) << way.op << " " << sharding << " " << direction << " on "
                                  << ranks << " ranks: " << outcome;
      }
    }
  }
}

TEST(GatedIdentityTest, GatesOfOnesAreNone) {
  const ProblemShape shape = {37, 20, 20};
  const Element ones = [](const Operands& seeded, absl::string_view tensor, int64_t row,
                          int64_t col) {
    return tensor == "g1" || tensor == "g2" ? 1.0 : seeded.At(tensor, row, col);
  };
  for (const char* gates : {"1", "2"})
    ExpectSame({"long_conv", {}, shape}, {"long_conv", {{"gates", gates}}, shape, ones});
}

// Without sharing, with the shared heads written out.
TEST(GatedIdentityTest, SharedHeadsAreEqualHeads) {
  constexpr int64_t kHeads = 8, kWidth = 3;
  const ProblemShape shape = {45, kHeads * kWidth, kHeads * kWidth};
  for (const int64_t kv_heads : {1, 2, 4}) {
    for (const char* causal : {"0", "1"}) {
      std::map<std::string, std::string> parameters = {{"heads", absl::StrCat(kHeads)},
                                                       {"causal", causal}};
      const Element repeated = [kv_heads](const Operands& seeded, absl::string_view tensor,
                                          int64_t row, int64_t col) {
        const int64_t head = col / kWidth, shared = head / (kHeads / kv_heads);
        const bool of_keys = tensor == "k" || tensor == "v";
        return seeded.At(tensor, row, of_keys ? shared * kWidth + col % kWidth : col);
      };
      const Way written_out = {"softmax_attention", parameters, shape, repeated};
      parameters["kv_heads"] = absl::StrCat(kv_heads);
      ExpectSame(written_out, {"softmax_attention", parameters, shape});
    }
  }
}

// A bilinear unit is the product of its halves; only Y, since dX is cut in halves too.
TEST(GatedIdentityTest, ABilinearUnitIsAGate) {
  constexpr int64_t kWidth = 12;
  const Way gate = {"gate", {}, {19, kWidth, kWidth}};
  const Way unit = {"glu",
                    {{"activation", "none"}},
                    {19, 2 * kWidth, kWidth},
                    [](const Operands& seeded, absl::string_view, int64_t row, int64_t col) {
                      return col < kWidth ? seeded.At("x", row, col)
                                          : seeded.At("w", row, col - kWidth);
                    }};
  for (const int ranks : RankCounts()) {
    for (const char* sharding : {"token", "column"}) {
      const auto outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const Values want, Output(gate, sharding, "forward", communicator));
        BB_ASSIGN_OR_RETURN(const Values got, Output(unit, sharding, "forward", communicator));
        return got == want ? absl::OkStatus() : absl::InternalError("they differ");
      });
      EXPECT_TRUE(outcome.ok()) << sharding << " on " << ranks << " ranks: " << outcome;
    }
  }
}

}  // namespace
}  // namespace basisbench
