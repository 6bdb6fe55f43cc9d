import DaybookModel
import Foundation
import Testing

@testable import Identity

@Suite("The secret's file")
struct SecretTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("daybook-secret-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("secret").path)
  }

  private func code(_ body: () throws(DaybookError) -> Void) -> ErrorCode? {
    do throws(DaybookError) {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test("it is random, its owner's alone, and read back as it was made")
  func create() throws {
    try inFolder { path in
      try Secret.create(at: path)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
      let first = try Secret.load(at: path)
      #expect(first.bytes.count == Secret.bytesCount)
      #expect(try Secret.load(at: path).bytes == first.bytes)
      try FileManager.default.removeItem(atPath: path)
      try Secret.create(at: path)
      #expect(try Secret.load(at: path).bytes != first.bytes)
    }
  }

  @Test("it is never overwritten")
  func exclusive() throws {
    try inFolder { path in
      try Secret.create(at: path)
      let made = try Secret.load(at: path).bytes
      #expect(code { () throws(DaybookError) in try Secret.create(at: path) } == .dataFolderExists)
      #expect(try Secret.load(at: path).bytes == made)
    }
  }

  @Test("one that others can read is refused", arguments: [0o640, 0o604, 0o644, 0o660])
  func readableByOthers(mode: Int) throws {
    try inFolder { path in
      try Secret.create(at: path)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      #expect(
        code { () throws(DaybookError) in _ = try Secret.load(at: path) } == .permissionDenied)
    }
  }

  @Test("a missing, short or garbled one is an error that says so")
  func unusable() throws {
    try inFolder { path in
      #expect(
        code { () throws(DaybookError) in _ = try Secret.load(at: path) } == .dataFolderMissing)
      for text in ["", "abcd\n", String(repeating: "zz", count: 32)] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(code { () throws(DaybookError) in _ = try Secret.load(at: path) } == .invalidInput)
      }
    }
  }
}
