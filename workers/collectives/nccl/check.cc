// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/check.h"

#include "absl/strings/str_cat.h"

namespace basisbench {

absl::Status CheckNccl(NcclApi& nccl, ncclResult_t code, absl::string_view call) {
  if (!IsFailure(code)) return absl::OkStatus();
  absl::StatusCode kind = absl::StatusCode::kInternal;
  if (code == ncclRemoteError || code == ncclSystemError) kind = absl::StatusCode::kAborted;
  if (code == ncclInvalidArgument || code == ncclInvalidUsage)
    kind = absl::StatusCode::kInvalidArgument;
  std::string message = absl::StrCat(call, " returned ", static_cast<int>(code), " (",
                                     nccl.GetErrorString(code), ")");
  const char* detail = nccl.GetLastError(nullptr);
  if (detail != nullptr && *detail != '\0') absl::StrAppend(&message, ": ", detail);
  return absl::Status(kind, message);
}

}  // namespace basisbench
