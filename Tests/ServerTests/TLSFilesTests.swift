import DaybookModel
import Doubles
import Foundation
import Testing

@testable import Server

@Suite("the files of TLS")
struct TLSFilesTests {
  private func refusal(_ files: TLSFiles) -> DaybookError? {
    do throws(DaybookError) {
      _ = try files.read()
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "a key that everybody can read is refused; its group may, and certificates are nobody's secret")
  func privacy() throws {
    let folder = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let files = TLSFiles(certificate: path("server.pem"), key: path("server.key"))
    func modes(certificate: Int, key: Int) throws {
      for (name, mode) in [("server.pem", certificate), ("server.key", key)] {
        try FileManager.default.setAttributes(
          [.posixPermissions: mode], ofItemAtPath: path(name))
      }
    }
    for key in [0o600, 0o400, 0o640] {
      try modes(certificate: 0o644, key: key)
      #expect(refusal(files) == nil)
    }
    for key in [0o644, 0o604, 0o666, 0o601] {
      try modes(certificate: 0o644, key: key)
      #expect(refusal(files)?.code == .permissionDenied)
      #expect(refusal(files)?.message.contains("chmod o= \(path("server.key"))") == true)
    }
  }

  @Test("a file that is not there is named")
  func missing() throws {
    let folder = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (pem, key) = (
      folder.appending(path: "server.pem").path, folder.appending(path: "server.key").path
    )
    for (certificate, key) in [("/nowhere", key), (pem, "/nowhere")] {
      let error = refusal(TLSFiles(certificate: certificate, key: key))
      #expect(error?.code == .invalidInput && error?.message == "there is no file /nowhere")
    }
    var files = TLSFiles(certificate: pem, key: key)
    files.clientAuthority = folder.path
    #expect(refusal(files)?.code == .invalidInput)
    files.clientAuthority = folder.appending(path: "client-authority.pem").path
    #expect(refusal(files) == nil)
  }
}
