// Daily roots: at each day cut the book signs where its chain stands, and writes that outside the
// database, where it can be carried away. One line of text a root, in the order of the journal:
//
//   root1 book=<hex 16> day=<date> next=<date> seq=<n> hash=<hex 32> balances=<hex 32>
//     ed25519=<base64> sm2=<base64>                                       (one line, one space
//     each)
//
// `day` is the day that was cut and `next` the one it opened; `seq` and `hash` are those of the
// journal block with the cut; `balances` is the digest of the trial balance at its end
// (engine/daily_root.h). Both signatures are over the line up to " ed25519=".
//
// The file is only appended to, each line synced. A last line without its end was torn by a crash:
// it is cut off when the file is opened for writing. Not thread-safe: one owner.
#pragma once
#include <filesystem>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/digest.h"
#include "ledger/base/result.h"

namespace suanpan {

struct DailyRoot {
  Id128 book;
  Date day, next;
  std::uint64_t seq = 0;
  Sha256 hash{};
  Sha256 balances{};
  std::string ed25519, sm2;  ///< raw signatures

  std::string message() const;  ///< what is signed
  std::string line() const;     ///< without its end
  /// Errors: kCorrupt for anything that line() does not write.
  static Result<DailyRoot> parse(std::string_view line);
};

class RootFile {
 public:
  /// Opens or makes the file. Errors: kIo, kCorrupt (naming the line).
  static Result<RootFile> open(const std::filesystem::path& path);
  /// Reads without writing; nothing where there is no file. A torn last line is passed over.
  static Result<std::vector<DailyRoot>> read(const std::filesystem::path& path);

  /// Writes the file anew with the roots up to `seq`, for a journal that was deliberately cut
  /// there; returns the others. Nothing to do where there is no file.
  static Result<std::vector<DailyRoot>> keep_until(const std::filesystem::path& path,
                                                   std::uint64_t seq);
  /// Makes or replaces the file with `roots`, as one, synced.
  static Result<void> write(const std::filesystem::path& path, const std::vector<DailyRoot>& roots);

  RootFile(RootFile&& other) noexcept;
  RootFile& operator=(RootFile&& other) noexcept;
  ~RootFile();

  /// The newest root in the file; nothing in an empty one.
  const std::optional<DailyRoot>& last() const { return last_; }
  /// Returns when it is on stable storage. A root that the file ends with is not written twice.
  Result<void> append(const DailyRoot& root);

 private:
  explicit RootFile(int fd) : fd_(fd) {}
  int fd_ = -1;
  std::optional<DailyRoot> last_;
};

}  // namespace suanpan
