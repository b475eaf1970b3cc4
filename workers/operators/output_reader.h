// SPDX-License-Identifier: Apache-2.0
// How validation sees what a plan has computed: rows on random vectors, and a few whole rows.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"
#include "workers/operators/operator.h"

namespace basisbench {

class OutputReader {
 public:
  virtual ~OutputReader() = default;

  // Every row of the shard on `weights`, one for each of its columns. Not a number where the rows
  // cannot be read: what reads them keeps the reason.
  virtual RowProjections Project(const Shard& output, absl::Span<const double> weights) = 0;

  // Elements of some of the shard's rows, given in order by their place in it, one row after the
  // other. Not a number where they cannot be read.
  virtual std::vector<double> Rows(const Shard& output, absl::Span<const size_t> rows) = 0;
};

// Shards in host memory.
class HostReader : public OutputReader {
 public:
  RowProjections Project(const Shard& output, absl::Span<const double> weights) override;
  std::vector<double> Rows(const Shard& output, absl::Span<const size_t> rows) override;
};

// Shards in the memory of a device, which projects them itself; no more comes to the host than is
// asked for. The device outlives it.
class DeviceReader : public OutputReader {
 public:
  explicit DeviceReader(Device& device) : device_(device) {}

  RowProjections Project(const Shard& output, absl::Span<const double> weights) override;
  std::vector<double> Rows(const Shard& output, absl::Span<const size_t> rows) override;

  // The first error of the device.
  const absl::Status& status() const { return status_; }

 private:
  Device& device_;
  absl::Status status_;
};

}  // namespace basisbench
