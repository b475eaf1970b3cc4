// SPDX-License-Identifier: Apache-2.0
// Prometheus text format 0.0.4. prometheus-cpp's own serializer prints 17 digits
// ("le=1.0000000000000001e-06") and no stable order; this one prints the shortest number that reads
// back the same, and sorts. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "prometheus/metric_family.h"

namespace basisbench {

// Families in the order given, the series of each sorted by labels. Families without series are
// left out.
std::string WriteTextFormat(const std::vector<prometheus::MetricFamily>& families);

// `value` with every byte that is not part of valid UTF-8 replaced by '?': one bad byte would make
// Prometheus refuse the whole scrape.
std::string ValidUtf8(absl::string_view value);

}  // namespace basisbench
