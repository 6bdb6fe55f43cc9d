import DaybookModel
import Files
import Foundation
import Testing

@testable import Server

@Suite("a server that was stopped")
struct StoppedServerTests {
  @Test("leaves the folder free, whoever still knows of it")
  func free() async throws {
    let place = try Scratch()
    let path = place.url.appending(path: "data").path
    let folder = try DataFolder.make(at: path, partitions: 1)
    let server = try await SweptServer(at: path)
    #expect(throws: DaybookError.self) { _ = try folder.lock() }
    await server.stop()
    try folder.lock().release()
    withExtendedLifetime(server) {}
  }
}
