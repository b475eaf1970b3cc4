// SPDX-License-Identifier: Apache-2.0
#include "services/base/rpc/secrets.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

using BioPtr = std::unique_ptr<BIO, int (*)(BIO*)>;
using X509Ptr = std::unique_ptr<X509, void (*)(X509*)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

absl::StatusOr<std::string> ReadFile(const char* role, const std::string& path) {
  if (path.empty()) return std::string();
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  if (!file || !(contents << file.rdbuf())) {
    const char* reason = errno != 0 ? std::strerror(errno) : "it is empty or not a file";
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the ", role, " '", path, "': ", reason));
  }
  return contents.str();
}

BioPtr OpenPem(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
}

// An encrypted key must fail instead of asking for its passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::StatusOr<X509Ptr> ParseCertificate(const char* role, const std::string& path,
                                         const std::string& pem) {
  BioPtr bio = OpenPem(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr), X509_free);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", role, " '", path, "' is not a PEM certificate"));
  }
  return certificate;
}

absl::Status CheckKeyPair(const SecurityOptions& options, const Secrets& secrets) {
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a TLS certificate and its key go together; only '",
                     options.tls_certificate_file, options.tls_key_file, "' was given"));
  }
  if (options.tls_certificate_file.empty()) return absl::OkStatus();
  BB_ASSIGN_OR_RETURN(
      X509Ptr certificate,
      ParseCertificate("TLS certificate", options.tls_certificate_file, secrets.certificate));
  BioPtr bio = OpenPem(secrets.key);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr), EVP_PKEY_free);
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the TLS key '", options.tls_key_file, "' is not a PEM private key without passphrase"));
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("the TLS key '", options.tls_key_file,
                                                   "' does not belong to the certificate '",
                                                   options.tls_certificate_file, "'"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Secrets> LoadSecrets(const SecurityOptions& options) {
  Secrets secrets;
  BB_ASSIGN_OR_RETURN(secrets.certificate,
                      ReadFile("TLS certificate", options.tls_certificate_file));
  BB_ASSIGN_OR_RETURN(secrets.key, ReadFile("TLS key", options.tls_key_file));
  BB_ASSIGN_OR_RETURN(secrets.ca, ReadFile("TLS CA certificate", options.tls_ca_file));
  BB_RETURN_IF_ERROR(CheckKeyPair(options, secrets));
  if (!options.tls_ca_file.empty()) {
    BB_RETURN_IF_ERROR(
        ParseCertificate("TLS CA certificate", options.tls_ca_file, secrets.ca).status());
  }
  if (options.token_file.empty()) return secrets;
  BB_ASSIGN_OR_RETURN(std::string token, ReadFile("token file", options.token_file));
  absl::StripAsciiWhitespace(&token);
  const bool printable = std::all_of(token.begin(), token.end(),
                                     [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (token.empty() || !printable) {
    return absl::InvalidArgumentError(absl::StrCat("the token file '", options.token_file,
                                                   "' must hold one word of printable characters"));
  }
  secrets.token = std::move(token);
  return secrets;
}

}  // namespace basisbench
