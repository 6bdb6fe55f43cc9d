import DaybookModel
import Foundation

/// The files of a folder in memory, to be laid down as often as a sweep needs it. Zeros at a file's
/// end, which segments have for room, are a hole.
struct FolderImage: Equatable {
  struct File: Equatable {
    var bytes: [UInt8]
    var size: UInt64
  }

  /// By path below the folder.
  var files: [String: File] = [:]

  /// In order of their bytes.
  var paths: [String] { files.keys.sorted() }

  init(of folder: URL) throws {
    let walk = FileManager.default.enumerator(atPath: folder.path)
    while let path = walk?.nextObject() as? String {
      let file = folder.appending(path: path)
      guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        continue
      }
      let data = try Data(contentsOf: file)
      files[path] = File(
        bytes: Array(data.prefix(Self.usedBytes(of: data))), size: UInt64(data.count))
    }
  }

  /// Up to the last byte that isn't zero.
  private static func usedBytes(of data: Data) -> Int {
    let page = [UInt8](repeating: 0, count: 4096)
    return data.withUnsafeBytes { bytes in
      var end = bytes.count
      while end >= page.count, memcmp(page, bytes.baseAddress! + end - page.count, page.count) == 0
      {
        end -= page.count
      }
      while end > 0, bytes[end - 1] == 0 { end -= 1 }
      return end
    }
  }

  /// Makes the folder, in the place of what is there.
  func lay(down folder: URL) throws {
    try? FileManager.default.removeItem(at: folder)
    for (path, file) in files { try file.lay(down: folder.appending(path: path)) }
    // As they are made: nobody else's.
    for path in ["", "log"] { chmod(folder.appending(path: path).path, 0o700) }
  }
}

extension FolderImage.File {
  func lay(down url: URL) throws {
    let parent = url.deletingLastPathComponent()
    if !FileManager.default.fileExists(atPath: parent.path) {
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    }
    try Data(bytes).write(to: url)
    chmod(url.path, 0o600)
    guard size > UInt64(bytes.count) else { return }
    truncate(url.path, Int(size))
  }
}
