// SPDX-License-Identifier: Apache-2.0
// One HTTP port per process: metrics, health, JSON, server-sent events and static pages. Wraps
// civetweb; handlers run on its threads, several at once, and must be thread-safe. Bodies of
// requests are limited to 1 MiB. An exception or a hostile request never takes the process down.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

struct HttpRequest {
  std::string method;                          // "GET", ...
  std::string path;                            // decoded, without query
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // names in lower case
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> headers;  // e.g. Content-Encoding, ETag
};

// Where a server-sent-events handler writes. Send returns false once the client has gone.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // An empty event sends a comment, which keeps the connection alive and tells whether the client
  // is there.
  virtual bool Send(absl::string_view event, absl::string_view json, absl::string_view id = "") = 0;
};

struct HttpOptions {
  std::string address = "127.0.0.1";  // IPv4
  int port = 0;                       // 0: any free port
  int max_event_streams = 16;         // further ones get 503
};

class HttpEndpoint {
 public:
  // UNAVAILABLE naming address and port when it cannot listen.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const HttpOptions& options);
  virtual ~HttpEndpoint() = default;

  virtual int port() const = 0;

  // `path` matches exactly, or as a prefix when it ends in '/'. Handlers are added before traffic
  // is expected.
  virtual void Handle(std::string path,
                      std::function<HttpResponse(const HttpRequest&)> handler) = 0;

  // The handler runs for as long as the client listens; it must poll Send at least every few
  // seconds.
  virtual void HandleEvents(std::string path,
                            std::function<void(const HttpRequest&, EventSink&)> handler) = 0;

  // Ends event streams and stops listening. Idempotent; also done by the destructor.
  virtual void Stop() = 0;
};

}  // namespace basisbench
