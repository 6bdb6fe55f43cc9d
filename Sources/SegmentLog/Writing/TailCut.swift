import DaybookModel
import Files
import Glibc

/// How a torn tail leaves a segment: what lies behind its last whole batch, where nobody was told of
/// anything durable. That it is one is told by `Recovery/TornTail.swift`.
struct TailCut: Sendable {
  let folder: String
  /// Path of the segment's file.
  let segment: String
  /// Bytes of the segment's file.
  let range: Range<UInt64>
  /// Name of the file in which the bytes are kept.
  let keptIn: String

  /// Keeps the bytes aside, then zeroes them. A temporary failure has left them as they are: this
  /// may be called again. Any other is final.
  func run(_ files: any FileSystem) throws(FileError) {
    let file = try files.open(segment, flags: O_RDWR, mode: 0)
    defer { files.close(file) }
    try keepAside(file, files)
    do throws(FileError) {
      try files.erase(file, from: range.lowerBound, to: range.upperBound)
      try files.syncData(file)
    } catch {
      // Once more from the start would keep aside what is half zeroed, under the same name.
      throw FileError(number: EIO, operation: "cut of a torn tail: \(error)")
    }
  }

  private func keepAside(_ file: File, _ files: any FileSystem) throws(FileError) {
    let temporary = "\(folder)/\(keptIn)\(TemporaryName.suffix)"
    let copy = try files.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
    do throws(FileError) {
      defer { files.close(copy) }
      try files.duplicate(file, from: range.lowerBound, to: range.upperBound) {
        (bytes, position) throws(FileError) in
        try files.write(copy, bytes, at: position - range.lowerBound)
      }
      try files.syncData(copy)
    } catch {
      try? files.remove(temporary)
      throw error
    }
    try files.rename(temporary, to: "\(folder)/\(keptIn)")
    try files.sync(folder: folder)
  }
}
