import Files

/// A segment's file that stays open for as long as somebody holds this.
final class HeldFile: Sendable {
  let segment: Segment
  let file: File
  private let files: any FileSystem

  init(_ segment: Segment, _ files: any FileSystem) throws(FileError) {
    self.segment = segment
    self.files = files
    file = try files.open(segment.path, flags: 0, mode: 0)
  }

  deinit { files.close(file) }
}
