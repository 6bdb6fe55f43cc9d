import DaybookModel
import Foundation
import Testing

@testable import Importing

@Suite("Whose numbers an import's are")
struct ImportOriginTests {
  private let content = Data("[09:14] <ann> one\n".utf8)

  @Test("a file's origin is its SHA-256 in the default group, and each other group's own")
  func files() {
    let origins = ["ubuntu", "debian", "debian2"].map {
      IRCLog.origin(of: content, group: GroupID(checked: $0))
    }
    #expect(
      origins[0].description == "71e679986b58fa31dcd14f779672551f427d9f9065e24d3fd45f6094fe4a5fb7")
    #expect(Set(origins).count == 3)
    #expect(IRCLog.origin(of: content, group: GroupID(checked: "debian")) == origins[1])
  }

  @Test("the opening of a group has another origin for each service and each group")
  func openings() {
    func origin(_ group: String, _ service: String) -> Origin {
      GroupOpening(group: GroupID(checked: group), service: UserID(checked: service)).origin
    }
    let origins = [origin("a", "x"), origin("a", "y"), origin("b", "x")]
    #expect(Set(origins).count == 3)
    #expect(origin("a", "x") == origins[0])
  }
}
