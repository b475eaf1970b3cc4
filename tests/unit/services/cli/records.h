// SPDX-License-Identifier: Apache-2.0
// Records for the tests of tables, figures and comparisons.
#pragma once

#include <string>

#include "basisbench/v1/result.pb.h"

namespace basisbench {

// A validated record of 2 x 10^9 executed and 8 x 10^9 effective FLOPs on two ranks.
inline v1::CaseResult Record(const std::string& op, double median) {
  v1::CaseResult r;
  v1::Case& c = *r.mutable_case_();
  c.mutable_operator_()->set_name(op);
  c.mutable_shape()->set_tokens(512);
  c.mutable_shape()->set_d_in(768);
  c.mutable_shape()->set_d_out(3072);
  c.set_dtype("f32");
  c.set_sharding("row");
  c.set_ranks(2);
  c.set_comparison_group("g");
  r.set_outcome(v1::OUTCOME_OK);
  v1::Summary& summary = *r.mutable_timing()->mutable_seconds();
  summary.set_count(100);
  summary.set_median(median);
  summary.set_median_ci_low(median * 0.99);
  summary.set_median_ci_high(median * 1.01);
  r.mutable_cost()->set_flops_executed(2e9);
  r.mutable_cost()->set_flops_effective(8e9);
  r.mutable_cost()->set_bytes_min(1e8);
  r.mutable_roofs()->set_gemm_flops_per_second(1e12);
  r.mutable_roofs()->set_copy_bytes_per_second(2e10);
  r.mutable_roofs()->set_wire_bytes_per_second(1e9);
  r.mutable_validation()->set_method("freivalds");
  r.mutable_validation()->set_passed(true);
  r.mutable_validation()->set_relative_error(3e-7);
  r.mutable_environment()->set_method_version(1);
  v1::NodeConditions& node = *r.mutable_environment()->add_nodes();
  node.set_worker("w0");
  node.set_cpu_model("CPU A");
  return r;
}

// Adds what one rank counted for a collective.
inline void Count(v1::CaseResult& r, const std::string& name, int64_t bytes, double seconds) {
  v1::CollectiveTraffic& traffic = *r.add_counted();
  traffic.set_collective(name);
  traffic.set_calls(1);
  traffic.set_bytes_sent(bytes);
  if (seconds > 0) traffic.set_seconds(seconds);
}

}  // namespace basisbench
