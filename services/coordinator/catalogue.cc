// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/catalogue.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/base/backends.h"
#include "services/coordinator/did_you_mean.h"

namespace basisbench {
namespace {

constexpr size_t kMaxBackend = 64;

bool NameBefore(const v1::OperatorInfo& info, absl::string_view name) {
  return absl::string_view(info.name()) < name;
}

}  // namespace

const v1::OperatorInfo* Catalogue::Find(absl::string_view name) const {
  const auto found = std::lower_bound(operators.begin(), operators.end(), name, NameBefore);
  return found != operators.end() && absl::string_view(found->name()) == name ? &*found : nullptr;
}

std::vector<std::string> Catalogue::Names() const {
  std::vector<std::string> names;
  for (const v1::OperatorInfo& info : operators) names.push_back(info.name());
  return names;
}

void MergeInto(Catalogue& catalogue, const v1::OperatorCatalogue& added) {
  for (const v1::OperatorInfo& info : added.operators()) {
    auto& operators = catalogue.operators;
    const auto place = std::lower_bound(operators.begin(), operators.end(),
                                        absl::string_view(info.name()), NameBefore);
    if (place != operators.end() && place->name() == info.name()) {
      *place = info;
    } else {
      operators.insert(place, info);
    }
  }
  for (const std::string& backend : added.backends()) {
    if (std::find(catalogue.backends.begin(), catalogue.backends.end(), backend) ==
        catalogue.backends.end()) {
      catalogue.backends.push_back(backend);
    }
  }
}

absl::Status ValidateCatalogue(const v1::OperatorCatalogue& catalogue) {
  std::set<std::string> names;
  for (int i = 0; i < catalogue.operators_size(); ++i) {
    const v1::OperatorInfo& info = catalogue.operators(i);
    const std::string where =
        absl::StrCat("catalogue.operators[", i, "] ", Quote(info.name()), ": ");
    if (info.name().empty())
      return absl::InvalidArgumentError(absl::StrCat(where, "name is empty"));
    if (!names.insert(info.name()).second)
      return absl::InvalidArgumentError(absl::StrCat(where, "is there twice"));
    if (info.shardings().empty())
      return absl::InvalidArgumentError(absl::StrCat(where, "has no shardings"));
    if (info.dtypes().empty())
      return absl::InvalidArgumentError(absl::StrCat(where, "has no dtypes"));
    if (info.directions().empty())
      return absl::InvalidArgumentError(absl::StrCat(where, "has no directions"));
    if (info.axis() != "channel" && info.axis() != "token" && info.axis() != "both") {
      return absl::InvalidArgumentError(
          absl::StrCat(where, "axis ", Quote(info.axis()), " is not known"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateBackends(const v1::OperatorCatalogue& catalogue) {
  if (catalogue.backends().empty())
    return absl::InvalidArgumentError("catalogue.backends: is empty");
  std::set<std::string> seen;
  for (int i = 0; i < catalogue.backends_size(); ++i) {
    const std::string& backend = catalogue.backends(i);
    const std::string where = absl::StrCat("catalogue.backends[", i, "]: ", Quote(backend));
    if (backend.empty() || backend.size() > kMaxBackend)
      return absl::InvalidArgumentError(absl::StrCat(where, " is not 1 to 64 characters"));
    if (!seen.insert(backend).second)
      return absl::InvalidArgumentError(absl::StrCat(where, " is there twice"));
    if (DeviceOf(backend) != DeviceOf(catalogue.backends(0))) {
      return absl::InvalidArgumentError(absl::StrCat(where, " is of another device than ",
                                                     Quote(catalogue.backends(0)),
                                                     "; a worker offers one device"));
    }
  }
  return absl::OkStatus();
}

}  // namespace basisbench
