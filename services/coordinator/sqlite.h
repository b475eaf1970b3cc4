// SPDX-License-Identifier: Apache-2.0
// SQLite with resource handles and absl::Status. A Database and its statements belong to one thread
// at a time. Errors carry what was tried; a full disk and I/O errors are RESOURCE_EXHAUSTED, a
// broken constraint is ALREADY_EXISTS.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

// A prepared statement on loan from its database; given back, reset, when it goes out of scope.
// Parameters are bound in order. A failed Bind shows at the next Step.
class Statement {
 public:
  Statement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& Bind(int64_t value);
  Statement& Bind(absl::string_view text);
  Statement& BindBlob(absl::string_view bytes);
  Statement& BindNull();

  // True when there is a row to read; false when the statement is done.
  absl::StatusOr<bool> Step();
  // Steps to the end.
  absl::Status Run();

  // Columns of the present row, from 0.
  int64_t Int(int column) const;
  std::string Text(int column) const;
  bool IsNull(int column) const;

 private:
  sqlite3* connection_;
  sqlite3_stmt* statement_;
  int next_ = 1;
  int error_ = SQLITE_OK;
};

class Database {
 public:
  // WAL, synchronous=FULL, foreign keys on. FAILED_PRECONDITION naming the path when it cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements are compiled once and cached by text; the same text must not be on loan twice.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Runs statements without parameters or rows.
  absl::Status Execute(const std::string& sql);
  // Rows changed by the last INSERT, UPDATE or DELETE.
  int64_t Changes() const { return sqlite3_changes64(connection_); }
  // Ends an open transaction, if there is one; cannot fail usefully.
  void Rollback();

 private:
  explicit Database(sqlite3* connection) : connection_(connection) {}

  sqlite3* connection_;
  absl::flat_hash_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace basisbench
