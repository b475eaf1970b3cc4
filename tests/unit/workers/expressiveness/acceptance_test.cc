// SPDX-License-Identifier: Apache-2.0
// The scores of an independent implementation (numpy, same random streams) at the two sizes every
// implementation has to agree on.
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/score.h"

namespace basisbench {
namespace {

constexpr double kTolerance = 1e-4;

struct Row {
  int64_t n;
  std::string name;
  std::map<std::string, std::string> parameters;
  double share;  // parameters over n^2; degrees of freedom for lowrank
  std::vector<double> captured;
  double mean;
};

const std::vector<Row>& Rows() {
  static const auto& rows = *new std::vector<Row>{
      {64,
       "lowrank",
       {{"rank", "8"}},
       0.2344,
       {0.125, 0.38091, 0.125, 0.125, 0.125, 0.125, 0.125, 0.35053, 0.45182, 1, 0.125},
       0.27802},
      {64,
       "blockdiag",
       {{"blocks", "4"}},
       0.25,
       {0.25372, 0.25169, 0.25, 0.25, 0.25, 0.25, 0.1875, 0.22187, 0.26877, 0.24205, 0.18361},
       0.2372},
      {64,
       "kron",
       {{"terms", "1"}},
       0.0312,
       {0.0608, 0.06638, 0.01563, 0.03196, 1, 0.25, 0.08037, 0.32529, 0.3106, 0.06422, 0.0824},
       0.20797},
      {64,
       "kron",
       {{"terms", "8"}},
       0.25,
       {0.36821, 0.38713, 0.125, 0.25076, 1, 0.78125, 0.44348, 1, 1, 0.4078, 0.50615},
       0.56998},
      {64,
       "monarch",
       {},
       0.25,
       {0.35267, 0.39758, 0.125, 0.16837, 1, 0.73242, 0.6875, 0.45238, 0.45329, 0.55179, 1},
       0.53827},
      {64,
       "btt",
       {{"rank", "2"}},
       0.5,
       {0.60596, 0.63514, 0.98985, 0.96591, 0.25, 0.75, 0.9375, 0.61688, 0.58763, 0.79117, 0.71972},
       0.71362},
      {64,
       "einsum",
       {{"beta", "2"}, {"delta", "2"}},
       0.125,
       {0.19374, 0.22022, 0.47377, 0.45347, 0.25, 0.59825, 0.3125, 0.2924, 0.29797, 0.28477,
        0.27033},
       0.33158},
      {64,
       "butterfly",
       {},
       0.1875,
       {0.15614, 0.1852, 0.08412, 0.10259, 1, 0.46094, 0.45312, 0.32269, 0.277, 0.33459, 1},
       0.39785},
      {64,
       "circulant",
       {},
       0.0156,
       {0.02337, 0.01695, 0.01562, 0.00224, 0.00049, 0.00536, 0.03369, 1, 0.67568, 0.01489,
        0.00936},
       0.16342},
      {64,
       "toeplitz",
       {},
       0.031,
       {0.03861, 0.03028, 0.05155, 0.00258, 0.00133, 0.01119, 0.06858, 1, 1, 0.02994, 0.02273},
       0.20516},
      {64,
       "dwhtd",
       {},
       0.0312,
       {0.05852, 0.05975, 0.07037, 0.05251, 1, 0.04082, 0.01562, 0.05425, 0.07526, 0.08842,
        0.12281},
       0.14894},
      {64,
       "sparse24",
       {},
       0.5,
       {0.86646, 0.87304, 0.5, 0.7532, 0.5, 0.75, 1, 0.89805, 0.85972, 0.85501, 0.83937},
       0.79044},
      {64,
       "ksparse",
       {},
       0.25,
       {0.7122, 0.73614, 0.25, 0.47275, 0.25, 1, 1, 0.76604, 0.94031, 0.7559, 0.94812},
       0.71195},
      {256,
       "lowrank",
       {{"rank", "16"}},
       0.1211,
       {0.0625, 0.21083, 0.0625, 0.0625, 0.0625, 0.0625, 0.0625, 0.22055, 0.30011, 0.70597, 0.0625},
       0.17045},
      {256,
       "blockdiag",
       {{"blocks", "8"}},
       0.125,
       {0.1215, 0.12516, 0.125, 0.125, 0.125, 0.125, 0.12109, 0.09491, 0.13668, 0.12188, 0.12751},
       0.12261},
      {256,
       "kron",
       {{"terms", "1"}},
       0.0078,
       {0.01512, 0.01532, 0.00391, 0.00803, 1, 0.25, 0.0262, 0.1484, 0.19472, 0.01606, 0.02417},
       0.15472},
      {256,
       "kron",
       {{"terms", "16"}},
       0.125,
       {0.20613, 0.20847, 0.0625, 0.1253, 1, 0.88281, 0.30187, 1, 1, 0.21975, 0.29812},
       0.48227},
      {256,
       "monarch",
       {},
       0.125,
       {0.20359, 0.21591, 0.0625, 0.08926, 1, 0.73218, 0.63672, 0.18383, 0.26638, 0.27269, 1},
       0.42391},
      {256,
       "btt",
       {{"rank", "2"}},
       0.25,
       {0.36883, 0.38199, 0.98878, 0.95087, 0.125, 0.5, 0.92188, 0.35388, 0.36173, 0.46224,
        0.61696},
       0.54838},
      {256,
       "einsum",
       {{"beta", "2"}, {"delta", "2"}},
       0.0625,
       {0.11095, 0.11342, 0.48631, 0.42889, 0.125, 0.4226, 0.30859, 0.16975, 0.18929, 0.1316,
        0.1947},
       0.24374},
      {256,
       "butterfly",
       {},
       0.0625,
       {0.05116, 0.05769, 0.02855, 0.03518, 1, 0.42712, 0.34375, 0.05264, 0.09161, 0.08246, 1},
       0.2882},
      {256,
       "circulant",
       {},
       0.0039,
       {0.00372, 0.00378, 0.00391, 0.00026, 0.00003, 0.00141, 0.00812, 1, 0.67609, 0.00388,
        0.00368},
       0.15499},
      {256,
       "toeplitz",
       {},
       0.0078,
       {0.00786, 0.00747, 0.01562, 0.00029, 0.0001, 0.00304, 0.01173, 1, 1, 0.00796, 0.00714},
       0.18738},
      {256,
       "dwhtd",
       {},
       0.0078,
       {0.01557, 0.01498, 0.02637, 0.01877, 1, 0.01095, 0.00391, 0.0164, 0.01963, 0.01661, 0.04255},
       0.10779},
      {256,
       "sparse24",
       {},
       0.5,
       {0.86662, 0.86873, 0.5, 0.75331, 0.5, 0.75, 1, 0.87872, 0.88881, 0.86561, 0.88757},
       0.79631},
      {256,
       "ksparse",
       {},
       0.125,
       {0.4996, 0.50432, 0.125, 0.24666, 0.125, 1, 1, 0.5295, 0.74092, 0.51418, 0.92989},
       0.56501},
  };
  return rows;
}

// A butterfly fit of these splits halves whose two rows are orthogonal and equally long. Every
// direction is then as good at that level, not below, and the reference let rounding choose one.
bool DecidedByRounding(const Row& row, const std::string& target) {
  return row.name == "butterfly" && (target == "DFT" || target == "DCT2" || target == "HAARW");
}

TEST(Acceptance, EveryFamilyScoresAsTheReferenceDoes) {
  for (const int64_t n : {64, 256}) {
    std::vector<Target> targets;
    for (const std::string& name : TargetNames()) targets.push_back(*MakeTarget(name, n));
    for (const Row& row : Rows()) {
      if (row.n != n) continue;
      const auto family = ResolveFamily(row.name, row.parameters, n);
      ASSERT_TRUE(family.ok()) << family.status();
      const int64_t counted =
          row.name == "lowrank" ? *family->degrees_of_freedom : family->parameters;
      EXPECT_NEAR(static_cast<double>(counted) / static_cast<double>(n * n), row.share, kTolerance)
          << family->text;
      std::vector<TargetFit> fits;
      for (size_t t = 0; t < targets.size(); ++t) {
        const auto fit = FitTarget(*family, targets[t], false);
        ASSERT_TRUE(fit.ok()) << fit.status();
        fits.push_back(*fit);
        if (DecidedByRounding(row, targets[t].name)) continue;
        EXPECT_NEAR(fit->captured, row.captured[t], kTolerance)
            << family->text << " n=" << n << " " << targets[t].name;
      }
      if (row.name == "butterfly") continue;
      EXPECT_NEAR(*Summarise(*family, fits).mean, row.mean, kTolerance) << family->text;
    }
  }
}

struct CanonCase {
  int64_t n;
  std::string family, target;
  double captured;
  std::string orders;  // the pair the reference names, if it does; ties may go to another one
  double tolerance = kTolerance;
};

// The target as a family sees it behind the orders "OUT,IN".
Target Behind(const std::string& orders, const Target& target) {
  Target out = target;
  std::visit(
      [&](auto& matrix) {
        matrix = Reorder(matrix, OrderOf(orders[0], target.n), OrderOf(orders[2], target.n));
      },
      out.matrix);
  return out;
}

TEST(Acceptance, CanonicalOrdersScoreAsTheReferenceDoes) {
  const CanonCase cases[] = {
      {64, "monarch", "DFT", 1, "I,S"},     {64, "monarch", "DCT2", .697, "R,I", 5e-4},
      {64, "monarch", "HAARW", 1, "W,I"},   {64, "monarch", "PERM", .734, "", 5e-4},
      {256, "monarch", "DFT", 1, "I,S"},    {256, "monarch", "DCT2", .607, "S,I", 5e-4},
      {256, "monarch", "HAARW", 1, ""},     {256, "monarch", "PERM", .680, "", 5e-4},
      {64, "butterfly", "DFT", 1, "I,R"},   {64, "butterfly", "DCT2", .531, "R,I", 5e-4},
      {64, "butterfly", "HAARW", 1, "W,I"}, {64, "butterfly", "PERM", .500, "", 5e-4},
      {256, "butterfly", "DFT", 1, ""},     {256, "butterfly", "DCT2", .358, "", 5e-4},
      {256, "butterfly", "HAARW", 1, ""},   {256, "butterfly", "PERM", .418, "", 5e-4},
  };
  for (const CanonCase& c : cases) {
    const auto family = ResolveFamily(c.family, {}, c.n);
    ASSERT_TRUE(family.ok()) << family.status();
    const auto target = MakeTarget(c.target, c.n);
    const auto fit = FitTarget(*family, *target, true);
    ASSERT_TRUE(fit.ok()) << fit.status();
    EXPECT_NEAR(*fit->captured_canon, c.captured, c.tolerance) << c.family << " " << c.target;
    for (const std::string& orders : {c.orders, fit->canon_orders}) {
      if (orders.empty()) continue;
      EXPECT_NEAR(FitTarget(*family, Behind(orders, *target), false)->captured,
                  *fit->captured_canon, 1e-9)
          << c.family << " " << c.target << " " << orders;
    }
  }
}

}  // namespace
}  // namespace basisbench
