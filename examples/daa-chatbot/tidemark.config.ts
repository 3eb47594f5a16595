import { defineConfig } from 'tidemark';

export default defineConfig({
  environments: {
    local: { url: 'sqlite:storage/chatbot.db' },
    test: { url: 'sqlite:storage/test.db' },
    // Named by DATABASE_URL on the machine it runs on.
    production: {},
  },
});
