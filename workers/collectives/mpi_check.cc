// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/mpi_check.h"

#include <mpi.h>

#include "absl/strings/str_cat.h"

namespace basisbench {

absl::Status CheckMpi(int code, absl::string_view call) {
  if (code == MPI_SUCCESS) return absl::OkStatus();
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  return absl::UnavailableError(
      absl::StrCat(call, ": ", absl::string_view(text, static_cast<size_t>(length))));
}

}  // namespace basisbench
