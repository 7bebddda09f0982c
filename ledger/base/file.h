// Small files that must be there whole or not at all.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan {

/// Writes beside ("<path>.new"), syncs, moves into place and syncs the folder: after a crash the
/// file is as before or whole. Errors: kIo.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                   unsigned mode = 0600);

/// The whole file. Errors: kIo ("…: cannot be read").
Result<std::string> read_file(const std::filesystem::path& path);

/// Of a file that was written by other means. Errors: kIo.
Result<void> sync_file(const std::filesystem::path& path);
/// Errors: kIo.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace suanpan
