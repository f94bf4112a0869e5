// What `npm run build:web` runs once all is built: says where.
process.stdout.write('the pages of the UI are built in web/dist\n');
