import Files

/// Segments' files as they are once the journal is written into them: what reads them is given the
/// journal's bytes where there are some, and nothing on the disk changes. All else is the file
/// system's beneath.
///
/// For one partition. Whoever writes to a file writes to what lies beneath.
final class JournalOverlay: FileSystem {
  private let beneath: any FileSystem
  /// By the path of the segment's file, ascending and apart.
  private let pieces: [String: [Piece]]

  private struct Piece: Sendable {
    var position: UInt64
    var bytes: ArraySlice<UInt8>
    var end: UInt64 { position + UInt64(bytes.count) }
  }

  init(
    over files: any FileSystem, folder: String, _ batches: [JournalContents.Batch]
  ) {
    beneath = files
    var pieces: [String: [Piece]] = [:]
    for batch in batches {
      pieces["\(folder)/\(FileNames.segment(batch.segmentBase))", default: []].append(
        Piece(position: batch.position, bytes: batch.bytes))
    }
    self.pieces = pieces
  }

  func read(
    _ file: File, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    var count = try beneath.read(file, into: bytes, at: position)
    guard let pieces = pieces[file.path] else { return count }
    let wanted = position..<position + UInt64(bytes.count)
    // The later of two for one place is the newer owner's.
    for piece in pieces {
      let part = (piece.position..<piece.end).clamped(to: wanted)
      guard !part.isEmpty else { continue }
      let at = Int(part.lowerBound - position)
      if at > count {
        UnsafeMutableRawBufferPointer(rebasing: bytes[count..<at]).initializeMemory(
          as: UInt8.self, repeating: 0)
      }
      let first = piece.bytes.startIndex + Int(part.lowerBound - piece.position)
      piece.bytes[first..<first + part.count].withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: bytes[at..<at + part.count]).copyMemory(from: $0)
      }
      count = max(count, at + part.count)
    }
    return count
  }

  func size(_ file: File) throws(FileError) -> UInt64 {
    try max(beneath.size(file), end(of: file.path))
  }

  func identity(_ path: String) throws(FileError) -> FileIdentity {
    var identity = try beneath.identity(path)
    identity.bytes = max(identity.bytes, end(of: path))
    return identity
  }

  private func end(of path: String) -> UInt64 { pieces[path]?.map(\.end).max() ?? 0 }

  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    try beneath.open(path, flags: flags, mode: mode)
  }

  func close(_ file: File) { beneath.close(file) }

  func write(
    _ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) { try beneath.write(file, bytes, at: position) }

  func syncData(_ file: File) throws(FileError) { try beneath.syncData(file) }
  func sync(_ file: File) throws(FileError) { try beneath.sync(file) }

  func allocate(_ file: File, bytes: UInt64) throws(FileError) {
    try beneath.allocate(file, bytes: bytes)
  }

  func truncate(_ file: File, to bytes: UInt64) throws(FileError) {
    try beneath.truncate(file, to: bytes)
  }

  func rename(_ from: String, to: String) throws(FileError) { try beneath.rename(from, to: to) }

  func renameIfAbsent(_ from: String, to: String) throws(FileError) {
    try beneath.renameIfAbsent(from, to: to)
  }

  func remove(_ path: String) throws(FileError) { try beneath.remove(path) }
  func makeFolder(_ path: String) throws(FileError) { try beneath.makeFolder(path) }
  func list(_ folder: String) throws(FileError) -> [String] { try beneath.list(folder) }
}
