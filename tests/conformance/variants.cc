// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/variants.h"

namespace basisbench {

// An entry has to fit 64 x 64 x 64: the negative controls want a shape of some size.
const std::vector<Variant>& Variants() {
  static const auto& variants = *new std::vector<Variant>{
      {"acdc", "tokens", {{"axis", "token"}}},
      {"circulant", "tokens", {{"axis", "token"}}},
      {"dct", "tokens", {{"axis", "token"}}},
      {"dwhtd", "tokens", {{"axis", "token"}}},
      {"dwt", "tokens", {{"axis", "token"}, {"wavelet", "db3"}, {"levels", "1"}}},
      {"dwt", "db2", {{"wavelet", "db2"}}},
      {"dwt", "db4", {{"wavelet", "db4"}, {"levels", "2"}}},
      {"fastfood", "tokens", {{"axis", "token"}, {"seed", "7"}}},
      {"group_conv", "tokens", {{"axis", "token"}}},
      {"group_conv", "xor", {{"group", "xor"}}},
      {"group_conv", "xor_tokens", {{"axis", "token"}, {"group", "xor"}}},
      {"group_conv", "dihedral", {{"group", "dihedral"}}},
      {"group_conv", "dihedral_tokens", {{"axis", "token"}, {"group", "dihedral"}}},
      {"hartley", "tokens", {{"axis", "token"}}},
      {"ldr", "tokens", {{"axis", "token"}, {"rank", "3"}}},
      {"ldr", "rank_1", {{"rank", "1"}}},
      {"polymul", "tokens", {{"axis", "token"}}},
      {"random_orthogonal", "tokens", {{"axis", "token"}, {"seed", "7"}}},
      {"toeplitz", "tokens", {{"axis", "token"}}},
      {"blockdiag", "tokens", {{"axis", "token"}, {"blocks", "4"}}},
      {"block_butterfly", "tokens", {{"axis", "token"}}},
      {"block_butterfly", "single", {{"block", "1"}}},
      {"btt", "tokens", {{"axis", "token"}, {"rank", "2"}}},
      {"butterfly", "tokens", {{"axis", "token"}}},
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
      {"kaleidoscope", "twice", {{"width", "2"}}},
      {"kron", "tokens", {{"axis", "token"}, {"terms", "2"}}},
      {"kron", "three_terms", {{"terms", "3"}, {"beta", "4"}, {"epsilon", "16"}}},
      {"monarch_p", "tokens", {{"axis", "token"}, {"order", "2"}}},
      {"monarch_p", "bits", {{"order", "6"}}},
      {"pixelfly", "tokens", {{"axis", "token"}, {"block", "4"}, {"rank", "3"}}},
      {"sparse24", "tokens", {{"axis", "token"}, {"seed", "7"}}},
      {"tproduct", "tokens", {{"axis", "token"}, {"faces", "2"}}},
      {"tproduct", "cosine", {{"transform", "dct"}}},
      {"tproduct", "cosine_tokens", {{"axis", "token"}, {"transform", "dct"}, {"faces", "16"}}},
      {"tproduct", "one_face", {{"faces", "1"}}},
      {"tproduct", "one_tube", {{"faces", "64"}}},
  };
  return variants;
}

}  // namespace basisbench
