// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/output_reader.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

DeviceMatrix MatrixOf(const Shard& shard) {
  return {shard.dtype, static_cast<int64_t>(shard.rows.size()),
          static_cast<int64_t>(shard.cols.size()), shard.leading, shard.data};
}

// Rows of a matrix in host memory.
std::vector<double> ElementsOf(const DeviceMatrix& matrix, absl::Span<const size_t> rows) {
  std::vector<double> elements;
  elements.reserve(rows.size() * static_cast<size_t>(matrix.cols));
  for (const size_t row : rows) {
    const int64_t first = static_cast<int64_t>(row) * matrix.leading;
    for (int64_t j = 0; j < matrix.cols; ++j)
      elements.push_back(LoadElement(matrix.dtype, matrix.data, first + j));
  }
  return elements;
}

absl::StatusOr<std::vector<double>> DownloadRows(Device& device, const DeviceMatrix& matrix,
                                                 absl::Span<const size_t> rows) {
  const int64_t size = DtypeSize(matrix.dtype);
  const auto* data = static_cast<const std::byte*>(matrix.data);
  std::vector<double> elements;
  std::vector<std::byte> memory;
  for (size_t begin = 0; begin < rows.size();) {
    // Rows that follow each other come in one piece.
    size_t end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    const auto count = static_cast<int64_t>(end - begin);
    const int64_t bytes = ((count - 1) * matrix.leading + matrix.cols) * size;
    memory.resize(static_cast<size_t>(bytes));
    const auto first = static_cast<int64_t>(rows[begin]);
    BB_RETURN_IF_ERROR(device.Download(data + first * matrix.leading * size, bytes, memory.data()));
    DeviceMatrix piece = matrix;
    piece.data = memory.data();
    std::vector<size_t> local;
    for (size_t row = begin; row < end; ++row) local.push_back(rows[row] - rows[begin]);
    const std::vector<double> some = ElementsOf(piece, local);
    elements.insert(elements.end(), some.begin(), some.end());
    begin = end;
  }
  return elements;
}

}  // namespace

RowProjections HostReader::Project(const Shard& output, absl::Span<const double> weights) {
  return ProjectRowsOnHost(MatrixOf(output), weights);
}

std::vector<double> HostReader::Rows(const Shard& output, absl::Span<const size_t> rows) {
  return ElementsOf(MatrixOf(output), rows);
}

RowProjections DeviceReader::Project(const Shard& output, absl::Span<const double> weights) {
  absl::StatusOr<RowProjections> z = device_.ProjectRows(MatrixOf(output), weights);
  if (z.ok()) return *std::move(z);
  status_.Update(z.status());
  const std::vector<double> nothing(output.rows.size(), std::nan(""));
  return {nothing, nothing};
}

std::vector<double> DeviceReader::Rows(const Shard& output, absl::Span<const size_t> rows) {
  auto elements = DownloadRows(device_, MatrixOf(output), rows);
  if (elements.ok()) return *std::move(elements);
  status_.Update(elements.status());
  return std::vector<double>(rows.size() * output.cols.size(), std::nan(""));
}

}  // namespace basisbench
