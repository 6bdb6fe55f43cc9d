import Foundation
import Testing

/// Links between documents of the repository.
enum Links {
  /// Targets of inline links, without those to other sites and to places within the page.
  static func relative(in markdown: String) -> [String] {
    markdown.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap {
      let target = $0.prefix { $0 != ")" }.split(separator: "#", omittingEmptySubsequences: false)[
        0]
      return target.isEmpty || target.contains(":") ? nil : String(target)
    }
  }
}

@Suite("Links")
struct LinkTests {
  @Test(
    "every relative link leads to a file",
    arguments: [
      "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "schemas/README.md",
      "schemas/wire-protocol.md", "schemas/conversation.md",
      "schemas/tokens.md", "schemas/limits.md",
    ])
  func lead(page: String) throws {
    let links = Links.relative(in: try Repository.text(page))
    #expect(!links.isEmpty)
    let folder = Repository.root.appending(path: page).deletingLastPathComponent()
    for link in links {
      let isThere = FileManager.default.fileExists(atPath: folder.appending(path: link).path)
      #expect(isThere, "\(page) links to \(link), which is not there")
    }
  }

  @Test("links are found, and those to elsewhere left out")
  func found() {
    let text = "[a](b.md) and [c](d/e.md#f), [g](https://x.y/z), [h](#i), `[j]` (k)"
    #expect(Links.relative(in: text) == ["b.md", "d/e.md"])
  }
}
