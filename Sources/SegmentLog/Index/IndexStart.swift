import Files
import Glibc

/// The beginning of an index file, which of a small one is all of it. Its header is whole, and the
/// file as long as that says.
struct IndexStart {
  let layout: IndexLayout
  let bytes: [UInt8]

  var isWhole: Bool { bytes.count == layout.fileBytes }

  /// Nil where the file is none that is whole by its header. Throws what keeps it from being read.
  init?(_ files: any FileSystem, _ file: File, _ seed: LogSeed) throws(FileError) {
    let size = try files.size(file)
    guard size >= UInt64(IndexLayout.byteCount) else { return nil }
    let isSmall = size <= UInt64(SealedIndex.heldBytesMax)
    let bytes = try files.bytes(of: file, 0..<(isSmall ? Int(size) : IndexLayout.byteCount))
    let layout = bytes.withUnsafeBytes { IndexLayout($0, seed) }
    guard let layout, UInt64(layout.fileBytes) == size else { return nil }
    self.layout = layout
    self.bytes = bytes
  }

  /// Nil also where there is no file.
  init?(_ files: any FileSystem, path: String, _ seed: LogSeed) throws(FileError) {
    let file: File
    do throws(FileError) {
      file = try files.open(path, flags: O_RDONLY, mode: 0)
    } catch {
      if error.number == ENOENT { return nil }
      throw error
    }
    defer { files.close(file) }
    try self.init(files, file, seed)
  }
}
