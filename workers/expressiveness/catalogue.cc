// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/catalogue.h"

#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workers/expressiveness/families/families.h"

namespace basisbench {
namespace {

struct Unscored {
  absl::string_view name, reason;
};

constexpr Unscored kUnscored[] = {
    {"softmax_attention",
     "its mixing matrix follows the data, row-stochastic per head; the probes of token mixers "
     "apply"},
    {"linear_attention",
     "its mixing matrix follows the data, of rank at most the key width; the probes of token "
     "mixers "
     "apply"},
    {"ssm",
     "its mixing matrix follows the data, semiseparable of the state size; the probes of token "
     "mixers apply"},
    {"glu", "it is bilinear in two data operands, no linear map of one"},
};

std::vector<CatalogueEntry> Collect() {
  std::vector<CatalogueEntry> all;
  for (auto* families :
       {DenseFamilies, EinsumFamilies, MaskFamilies, HierarchicalFamilies, KaleidoscopeFamilies,
        PixelflyFamilies, ShiftInvariantFamilies, AlgebraFamilies, DiagonalFamilies,
        DisplacementFamilies, TransformFamilies, BilinearFamilies}) {
    std::vector<CatalogueEntry> some = families();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

const std::vector<CatalogueEntry>& FamilyCatalogue() {
  static const auto& catalogue = *new std::vector<CatalogueEntry>(Collect());
  return catalogue;
}

std::vector<std::string> FamilyNames() {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : FamilyCatalogue()) names.push_back(entry.name);
  return names;
}

absl::StatusOr<const CatalogueEntry*> FindFamily(absl::string_view name) {
  for (const CatalogueEntry& entry : FamilyCatalogue())
    if (entry.name == name) return &entry;
  for (const Unscored& unscored : kUnscored) {
    if (unscored.name == name)
      return absl::UnimplementedError(
          absl::StrCat(name, " is no fixed family of matrices: ", unscored.reason));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no family '", name, "'; have: ", absl::StrJoin(FamilyNames(), ", ")));
}

}  // namespace basisbench
