import DaybookModel
import Foundation
import SegmentLog
import Testing

@testable import Server

@Suite("the format version of a data folder")
struct FormatVersionTests {
  @Test(
    "an earlier one is read as it is, and raised when something is to be logged", arguments: 1...3)
  func raised(version: Int) throws {
    let place = FileManager.default.temporaryDirectory.appending(
      path: "daybook-format-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    var settings = DataFolder.Settings()
    settings.receiptsMembersMax = 7
    let made = try DataFolder.make(at: place.path, partitions: 1, settings: settings)
    let fields = "\"format_version\": \(version), \"receipts_members_max\": 7"
    // Before version 3 nothing was checksummed.
    let text = version < 3 ? "{\(fields)}\n" : SealedText.close("{\(fields), ")
    try text.write(toFile: made.descriptionPath, atomically: true, encoding: .utf8)
    let folder = try DataFolder(at: place.path)
    #expect(folder.settings.receiptsMembersMax == 7)
    #expect(try String(contentsOfFile: folder.descriptionPath, encoding: .utf8) == text)
    try folder.raiseVersion()
    let raised = try String(contentsOfFile: folder.descriptionPath, encoding: .utf8)
    #expect(raised.contains("\"format_version\": \(DataFolder.formatVersion), "))
    #expect(try DataFolder(at: place.path).settings.receiptsMembersMax == 7)
  }

  @Test("a later one is refused: its log may hold kinds of events that nobody knows here")
  func later() throws {
    let place = FileManager.default.temporaryDirectory.appending(
      path: "daybook-format-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    let made = try DataFolder.make(at: place.path, partitions: 1)
    let fields = "\"format_version\": \(DataFolder.formatVersion + 1), \"receipts_members_max\": 7"
    try SealedText.close("{\(fields), ").write(
      toFile: made.descriptionPath, atomically: true, encoding: .utf8)
    let error = #expect(throws: DaybookError.self) { try DataFolder(at: place.path) }
    #expect(error?.code == .formatVersion)
  }
}
