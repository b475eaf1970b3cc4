// SPDX-License-Identifier: Apache-2.0
// A small catalogue of operators for tests: what a runner could advertise.
#pragma once

#include <string>
#include <vector>

#include "services/coordinator/catalogue.h"

namespace basisbench {

inline v1::OperatorInfo OperatorOf(const std::string& name, const std::string& axis,
                                   const std::vector<std::string>& shardings) {
  v1::OperatorInfo info;
  info.set_name(name);
  info.set_axis(axis);
  for (const std::string& sharding : shardings) info.add_shardings(sharding);
  info.add_dtypes("f32");
  info.add_dtypes("f64");
  info.add_directions("forward");
  return info;
}

// matmul and monarch mix channels, fnet tokens.
inline v1::OperatorCatalogue SmallCatalogue() {
  v1::OperatorCatalogue catalogue;
  *catalogue.add_operators() = OperatorOf("fnet", "both", {"token", "row"});
  *catalogue.add_operators() = OperatorOf("matmul", "channel", {"token", "row", "summa"});
  v1::OperatorInfo& monarch = *catalogue.add_operators();
  monarch = OperatorOf("monarch", "channel", {"token"});
  monarch.clear_dtypes();
  monarch.add_dtypes("f32");
  v1::ParameterInfo& blocks = *monarch.add_parameters();
  blocks.set_name("blocks");
  blocks.set_default_value("32");
  blocks.set_minimum(1);
  blocks.set_maximum(64);
  monarch.add_parameters()->set_name("kind");
  catalogue.add_backends("cpu_mpi");
  catalogue.set_build("build-1");
  return catalogue;
}

inline Catalogue SmallUnion() {
  Catalogue catalogue;
  MergeInto(catalogue, SmallCatalogue());
  return catalogue;
}

}  // namespace basisbench
