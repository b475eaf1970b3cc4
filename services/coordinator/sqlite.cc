// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/sqlite.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

absl::Status SqliteError(sqlite3* connection, int code, absl::string_view tried) {
  const std::string message = absl::StrCat("store: ", tried, ": ", sqlite3_errmsg(connection));
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return absl::ResourceExhaustedError(message);
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      next_(other.next_),
      error_(other.error_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::Bind(int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, next_++, value); code != SQLITE_OK)
    error_ = code;
  return *this;
}

Statement& Statement::Bind(absl::string_view text) {
  const int code = sqlite3_bind_text64(statement_, next_++, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) error_ = code;
  return *this;
}

Statement& Statement::BindBlob(absl::string_view bytes) {
  // A null pointer would bind NULL, not an empty blob.
  const char* data = bytes.empty() ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, next_++, data, bytes.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) error_ = code;
  return *this;
}

Statement& Statement::BindNull() {
  if (const int code = sqlite3_bind_null(statement_, next_++); code != SQLITE_OK) error_ = code;
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = error_ != SQLITE_OK ? error_ : sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqliteError(connection_, code, sqlite3_sql(statement_));
}

absl::Status Statement::Run() {
  while (true) {
    BB_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::Text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  std::unique_ptr<Database> database(new Database(connection));
  if (code != SQLITE_OK) {
    return absl::FailedPreconditionError(
        absl::StrCat("store '", path, "' cannot be opened: ", sqlite3_errmsg(connection)));
  }
  sqlite3_busy_timeout(connection, 10'000);
  sqlite3_extended_result_codes(connection, 1);
  BB_RETURN_IF_ERROR(
      database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                        "PRAGMA cache_size=-16384; PRAGMA journal_size_limit=67108864;"));
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return SqliteError(connection_, code, sql);
    found = statements_.emplace(std::string(sql), statement).first;
  }
  return Statement(connection_, found->second);
}

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(connection_, code, sql);
}

void Database::Rollback() {
  if (sqlite3_get_autocommit(connection_) == 0)
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace basisbench
