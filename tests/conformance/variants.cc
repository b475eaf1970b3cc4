// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/variants.h"

namespace basisbench {

// An entry has to fit 64 x 64 x 64: the negative controls want a shape of some size.
const std::vector<Variant>& Variants() {
  static const auto& variants = *new std::vector<Variant>{
      {"btt", "tokens", {{"axis", "token"}, {"rank", "2"}}},
      {"einsum",
       "everything",
       {{"alpha", "2"}, {"beta", "4"}, {"gamma", "8"}, {"delta", "8"}, {"phi", "2"}, {"rho", "3"}}},
      {"einsum",
       "everything_by_pairs",
       {{"axis", "token"},
        {"beta", "2"},
        {"gamma", "4"},
        {"delta", "2"},
        {"phi", "4"},
        {"rho", "3"}}},
      {"einsum", "lowrank", {{"alpha", "64"}, {"epsilon", "64"}, {"rho", "5"}}},
      {"kron", "tokens", {{"axis", "token"}, {"terms", "2"}}},
      {"kron", "three_terms", {{"terms", "3"}, {"beta", "4"}, {"epsilon", "16"}}},
  };
  return variants;
}

}  // namespace basisbench
