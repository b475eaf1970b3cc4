// SPDX-License-Identifier: Apache-2.0
// A library that a peer needs, loaded at run time where it is installed; stays loaded. UNAVAILABLE
// names the library, or the function that it lacks.
#pragma once

#include <dlfcn.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace basisbench {

class SharedLibrary {
 public:
  static absl::StatusOr<SharedLibrary> Load(const std::string& name) {
    void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (handle == nullptr)
      return absl::UnavailableError(absl::StrCat("cannot load ", name, ": ", dlerror()));
    return SharedLibrary(name, handle);
  }

  // Of the library or of those it depends on.
  template <typename Function>
  absl::Status Find(const char* symbol, Function* function) const {
    *function = reinterpret_cast<Function>(dlsym(handle_, symbol));
    if (*function != nullptr) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(name_, " has no function ", symbol));
  }

 private:
  SharedLibrary(const std::string& name, void* handle) : name_(name), handle_(handle) {}

  std::string name_;
  void* handle_;
};

}  // namespace basisbench
