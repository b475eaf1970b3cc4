// SPDX-License-Identifier: Apache-2.0
// Writes docs/metrics.md to standard output: basisbench-metrics-doc > docs/metrics.md
#include <cstdio>

#include "services/base/telemetry/metric_catalogue.h"

int main() {
  const std::string text = basisbench::MetricsDocument();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
